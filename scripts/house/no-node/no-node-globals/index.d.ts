/** The types of Workers have these as `any`, for those who ask for Node's globals. `wrangler.toml` does not. The first declaration wins. */
declare var process: undefined;
declare var Buffer: undefined;
declare var global: undefined;
declare var setImmediate: undefined;
declare var clearImmediate: undefined;
