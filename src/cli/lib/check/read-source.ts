/** Reads a file's text, or says what it is instead. */
import { readFile, stat } from "node:fs/promises";
import type { DiagnosticName } from "../../../compile/diagnostics/catalogue.ts";
import { compileLimits } from "../../../compile/limits.ts";

/** Why a file could not be looked at: completes a sentence that begins with its name. */
export interface FileProblem {
  message: string;
  hint?: string;
}

/** A fault of a file's bytes. */
interface ByteFault {
  name: DiagnosticName;
  /** Offset into the text. */
  at: number;
  message: string;
  hint?: string;
}

/** What a file held: its text; with a fault, as much of it as can be shown; or why there is none. */
export interface Source {
  /** As shown to the user. */
  file: string;
  /** Without the byte order mark, which no editor counts as a column. */
  text: string;
  /** Whether there was a byte order mark. */
  bom: boolean;
  fault?: ByteFault;
  problem?: FileProblem;
}

/** Bytes: a file beyond that is refused unread. With room above the compiler's own limit, which then gives the answer itself. */
const readLimit = compileLimits.fileBytes * 16;

const problems: Record<string, FileProblem> = {
  ENOENT: { message: "does not exist.", hint: "Look at the spelling, and at the folder that you are in." },
  ENOTDIR: { message: "does not exist: a part of its path is a file, not a folder." },
  EACCES: { message: "may not be read by you." },
  EPERM: { message: "may not be read by you." },
};

/** Reads a workflow file; `-` is stdin. Never throws for what a path leads to. */
export async function readSource(path: string): Promise<Source> {
  const file = path === "-" ? "<stdin>" : path;
  const none = { file, text: "", bom: false };
  try {
    if (path === "-") return { file, ...decode(await readStdin()) };
    const info = await stat(path);
    if (info.isDirectory()) {
      const hint = `Name the files in it, as ${path.replace(/[\\/]+$/, "")}/*.yaml`;
      return { ...none, problem: { message: "is a folder.", hint } };
    }
    if (info.size > readLimit) return { file, ...refuseSize(info.size) };
    return { file, ...decode(await readFile(path)) };
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return { ...none, problem: problems[code] ?? { message: `cannot be read: ${message}` } };
  }
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > readLimit) break;
  }
  return Buffer.concat(chunks);
}

function refuseSize(bytes: number): Omit<Source, "file"> {
  const message = `The file has ${bytes} bytes; ${compileLimits.fileBytes} are allowed.`;
  return { text: "", bom: false, fault: { name: "file-too-large", at: 0, message } };
}

/** Bytes to text. Invalid UTF-8 and NUL mean that it is no text: then one finding says so, in place of many about its garbage. */
export function decode(bytes: Buffer): Omit<Source, "file"> {
  if (bytes.length > readLimit) return refuseSize(bytes.length);
  const refuse = (text: string, at: number, message: string, hint: string): Omit<Source, "file"> => ({
    text,
    bom: false,
    fault: { name: "forbidden-character", at, message, hint },
  });
  const [first, second, third] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return refuse("", 0, "The file is UTF-16.", "save it as UTF-8");
  const nul = bytes.indexOf(0);
  if (nul !== -1) return refuse("", 0, `The file is binary: byte ${nul} is zero.`, "a workflow is a text file in YAML");
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
    return { text, bom: first === 0xef && second === 0xbb && third === 0xbf };
  } catch {
    const text = bytes.toString("utf8");
    return refuse(text, findInvalid(bytes, text), "The file is not UTF-8: here are bytes that are no character.", "save it as UTF-8");
  }
}

/** Offset of the first replacement character that stands for invalid bytes, not for itself. */
function findInvalid(bytes: Buffer, text: string): number {
  let byte = 0;
  for (let at = 0; at < text.length; at++) {
    const point = text.codePointAt(at) ?? 0;
    if (point === 0xfffd && !(bytes[byte] === 0xef && bytes[byte + 1] === 0xbf && bytes[byte + 2] === 0xbd)) return at;
    byte += Buffer.byteLength(String.fromCodePoint(point));
    if (point > 0xffff) at++;
  }
  return 0;
}
