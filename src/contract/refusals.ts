/**
 * Why something within the server went no further, each code once with its meaning. What is stored or shown may also have a code
 * of another version: whoever reads one takes any text.
 */

/** Why an object will never take a message of another: `code` of a delivery that was refused. */
export const deliveryRefusals = {
  malformed: "It is not of the shape that the receiver asks for.",
  not_found: "There never was such an agent or actor.",
  gone: "What it was for has ended, or was archived.",
  name_taken: "Another actor runs under the name of the child that it starts.",
  unknown_message: "The receiver takes no message of this type.",
  mailbox_full: "Too much waits in the agent's mailbox to be acknowledged.",
} as const;

export type DeliveryRefusal = keyof typeof deliveryRefusals;

/** Why an event became a dead letter. */
export const deadLetterCodes = {
  threw: "The workflow's code, or the server's, threw as it was taken; `error` is what it said.",
  poison: "Delivering it failed too often, or the receiver did not know it for too long: it was not tried any more.",
  not_taken: "The actor has no use for it in the state in which it came.",
  unknown_event: "The actor's machine does not name it in any state.",
  not_active: "The actor has ended.",
  reserved_event: "It is an event of the machines' own, which nobody may send.",
} as const;

export type DeadLetterCode = keyof typeof deadLetterCodes;

/** Such a list as one text. */
export function tellCodes(codes: Readonly<Record<string, string>>): string {
  return Object.entries(codes)
    .map(([code, meaning]) => `\`${code}\`: ${meaning}`)
    .join("\n");
}
