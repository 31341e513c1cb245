/** Reads which offers to claim: `all`, `none`, or a list of `workflow/role` where either may be `*`. */
import { InvalidArgumentError } from "commander";

/** Says whether a role is to be claimed. */
export type ClaimFilter = (workflow: string, role: string) => boolean;

/** @throws InvalidArgumentError for what is no such list */
export function readClaims(text: string): ClaimFilter {
  if (text === "all") return () => true;
  if (text === "none") return () => false;
  const wanted = text.split(",").map((part) => {
    const [workflow, role, more] = part.trim().split("/");
    if (!workflow || !role || more !== undefined)
      throw new InvalidArgumentError("Give all, none, or a list like code-review/reviewer,debate/*.");
    return { workflow, role };
  });
  return (workflow, role) => wanted.some((one) => ["*", workflow].includes(one.workflow) && ["*", role].includes(one.role));
}
