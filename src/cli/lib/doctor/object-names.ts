/** Which object a file is: the runtime names it by a keyed hash of the object's name, so a name is found only by trying it. */
import { createHash, createHmac } from "node:crypto";

/** The folder below `state/do` of a class's objects. */
export function findClassFolder(className: string): string {
  return `do/nerveflare-${className}`;
}

/** The file of the object that has this name. */
export function findObjectFile(className: string, name: string): string {
  const key = createHash("sha256").update(`nerveflare-${className}`).digest();
  const first = createHmac("sha256", key).update(name).digest().subarray(0, 16);
  const second = createHmac("sha256", key).update(first).digest().subarray(0, 16);
  return `${findClassFolder(className)}/${Buffer.concat([first, second]).toString("hex")}.sqlite`;
}
