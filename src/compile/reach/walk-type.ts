/** What may stand at a path into a value of a type. */
import { isNothing, type Type } from "../meaning/type.ts";
import { absence, anything, type Domain, joinDomains, ofType } from "./domain.ts";

/** The values at a path of names. */
export function walkType(type: Type, [name, ...rest]: readonly string[], absent = false): Domain {
  if (name === undefined) return ofType(type, absent);
  // A path goes through lists: what it gives then is not followed.
  if (type.any || type.lists.length > 0 || isNothing(type)) return anything;
  const found = type.objects.map((fields): Domain => {
    if (fields.names.includes(name)) return walkType(fields.get(name), rest, absent || !fields.must.includes(name));
    return fields.others === "closed" ? absence : anything;
  });
  return joinDomains([...found, ...(type.scalars.size > 0 || type.absent || found.length === 0 ? [absence] : [])]);
}
