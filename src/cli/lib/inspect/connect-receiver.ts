/** The socket to the local server of `@statelyai/inspect`. */
import { WebSocket } from "ws";
import { CliError } from "../command.ts";

/** Milliseconds in which the receiver must answer. */
const connectTimeout = 5_000;

export interface Receiver {
  /** Resolves when the socket has taken it. @throws CliError when the receiver is gone */
  send(event: object): Promise<void>;
  close(): void;
}

/** @throws CliError when nothing answers at `url` */
export async function connectReceiver(url: string): Promise<Receiver> {
  const socket = new WebSocket(url, { handshakeTimeout: connectTimeout });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", (cause) =>
      reject(
        new CliError(`No inspector answers at ${url}: ${cause.message}`, {
          hint: "Start it in a folder that has the package `@statelyai/inspect`:\n  node --input-type=module -e \"import { createInspectorServer } from '@statelyai/inspect/server'; createInspectorServer()\"",
          cause,
        }),
      ),
    );
  });
  // What fails later fails the next send.
  socket.on("error", () => {});
  return {
    send: (event) =>
      new Promise((resolve, reject) => {
        socket.send(JSON.stringify(event), (cause) =>
          cause ? reject(new CliError(`The inspector at ${url} is gone: ${cause.message}`, { cause })) : resolve(),
        );
      }),
    close: () => socket.close(),
  };
}
