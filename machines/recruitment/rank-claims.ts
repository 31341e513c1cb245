/**
 * The one rule by which claims are ranked, wherever that is: the higher score wins, and at a draw whoever came earlier. Knows
 * numbers only, so that a replay ranks alike.
 */

/** Whether a claim that came later beats the one that leads. A claim without a score counts as 0. */
export function beatsLeader(score: number | undefined, leader: { score?: number | undefined }): boolean {
  return (score ?? 0) > (leader.score ?? 0);
}

/**
 * Orders claims, the best first.
 * @param claims in the order in which they came
 */
export function rankClaims<Claim extends { score?: number | undefined }>(claims: readonly Claim[]): Claim[] {
  // Sorting is stable: at a draw the order of arrival stays.
  return claims.toSorted((a, b) => (beatsLeader(b.score, a) ? 1 : beatsLeader(a.score, b) ? -1 : 0));
}
