/** Where the example agents find the server and who they are: NERVEFLARE_URL and NERVEFLARE_TOKEN, as `nerveflare agent` does. */

/** Reads the settings; ends the program where the token is missing. */
export function readSettings(): { url: string; token: string } {
  const { NERVEFLARE_URL: url = "http://127.0.0.1:8787", NERVEFLARE_TOKEN: token } = process.env;
  if (token) return { url, token };
  console.error(
    "Set NERVEFLARE_TOKEN to the agent's token (`nerveflare agents add <id>` shows it once), and NERVEFLARE_URL to the server.",
  );
  process.exit(2);
}

/** Closes an agent when the program is told to end, so that its running turns can be given to others at once. */
export function closeOnSignal(agent: { close(): Promise<void> }): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void agent.close().then(() => process.exit(0)));
}
