/** What is fixed about a kind of finding. */
export interface CatalogueEntry {
  /** `NRV` and four digits; the identity, never reused. */
  code: string;
  severity: "error" | "warning";
  title: string;
  explanation: string;
}
