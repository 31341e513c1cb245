/** What a webhook's list of kinds takes: operators make it, so unlike agents they may have all of the orchestrator's kinds by a prefix. */
export function matchesWebhook(kinds: readonly string[], kind: string): boolean {
  return kinds.some((each) => each === kind || (each.endsWith("*") && kind.startsWith(each.slice(0, -1))));
}
