/** Why a local server did not start. */
export class ServerStartError extends Error {
  /** What kept it from starting, for programs. */
  readonly code:
    | "data_folder_in_use"
    | "data_folder_unusable"
    | "data_folder_damaged"
    | "data_folder_too_new"
    | "port_in_use"
    | "port_denied"
    | "bundle_failed"
    | "package_damaged"
    | "runtime_failed"
    | "runtime_missing"
    | "bad_setting"
    | "placement_differs";
  /** What to do. */
  readonly hint: string | undefined;

  constructor(code: ServerStartError["code"], message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "ServerStartError";
    this.code = code;
    this.hint = options.hint;
  }
}
