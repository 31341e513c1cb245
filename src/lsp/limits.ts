/** Every limit of the language server, each beside its reason. */
export const lspLimits = {
  /** Characters of a picture: the recruitment of 64 roles has 600,000; beyond, an editor's panel is slow to scroll. */
  pictureLength: 2_000_000,
  /** Pictures that are kept: of what was there before a slip was mended, and of the other views. */
  pictures: 8,
  /** Milliseconds for a picture: what takes longer nobody waits for. It is laid out beside the server, which answers meanwhile. */
  pictureTime: 20_000,
  /** Milliseconds for a command that the server runs for an editor: proofs end after 20 s by themselves, path tests take a minute. */
  commandTime: 180_000,
  /** Characters of a command's output that are kept, its end: an editor shows them in a message or a log. */
  commandOutput: 64_000,
  /** Characters of a file that are read to tell whether it is a workflow: more than the compiler takes. */
  recognised: 256 * 1024,
  /** Entries of a folder that are looked at for the workflows beside one that is open: a file may lie in a folder that holds everything. */
  folderEntries: 20_000,
  /** YAML files beside an open one, and their bytes: what is known of a workflow takes twenty times its text. */
  folderFiles: 1_000,
  folderBytes: 8 * 1024 * 1024,
} as const;
