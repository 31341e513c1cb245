/** The registry's identity and version. */
export interface RegistryHead {
  id: string;
  version: number;
}
