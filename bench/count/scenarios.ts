/** What `npm run bench -- --count` plays. */
import type { Scenario } from "./measure-counts.ts";

/** The runtime lets an object hibernate after ten seconds without work. */
const untilHibernated = 12_000;

export const scenarios: Scenario[] = [
  { name: "at once", pause: 0, further: 0, connected: false, lengths: [2, 12] },
  { name: "after 200 ms", pause: 200, further: 0, connected: false, lengths: [2, 12] },
  { name: "hibernating", pause: untilHibernated, further: 0, connected: false, lengths: [2, 4] },
  { name: "100 more", pause: 0, further: 100, connected: false, lengths: [2, 12] },
  { name: "100 more and connected", pause: 0, further: 100, connected: true, lengths: [2, 12] },
];
