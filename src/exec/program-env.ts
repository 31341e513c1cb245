/**
 * What a program inherits of the environment. It works on what others wrote, and prints what others read: whatever secret the
 * machine's environment holds is not for it, unless somebody says so by name.
 */

type Environment = Record<string, string | undefined>;

/** What programs need to run at all, and say things in the user's language; none is a secret. */
const passed = new Set([
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "TERM", "TZ", "LANG", "LANGUAGE", "TMPDIR", "TMP", "TEMP", "NO_COLOR"],
  // Where authorities and a user's own files are; not what is in them.
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"],
  // Windows finds neither its shell nor its programs without.
  ...["SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "SYSTEMDRIVE", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMFILES", "PROGRAMDATA"],
]);

/** @param named what is passed besides: a name, or `NAME=value` */
export function pickProgramEnv(env: Environment, named: readonly string[] = []): Environment {
  const kept = Object.entries(env).filter(([name]) => passed.has(name.toUpperCase()) || name.startsWith("LC_"));
  const added = named.map((each): [string, string | undefined] => {
    const end = each.indexOf("=");
    return end < 0 ? [each, env[each]] : [each.slice(0, end), each.slice(end + 1)];
  });
  return Object.fromEntries([...kept, ...added]);
}

/** Why a name is none; undefined: it is one. */
export function findEnvFault(given: string, env: Environment): string | undefined {
  const name = given.split("=")[0] ?? "";
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `--env ${given}: ${JSON.stringify(name)} is no name of a variable`;
  return given.includes("=") || env[name] !== undefined ? undefined : `--env ${name}: there is no such variable in the environment`;
}
