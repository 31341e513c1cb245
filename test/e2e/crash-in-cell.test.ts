/** Crashes of a server whose actors all live in one cell, fewer: the longer run is that of crash.test.ts with NERVEFLARE_PLACEMENT=cell. */
import { tellCrashes } from "./crash-stories.ts";

tellCrashes({ all: 3, parent: 0, runtime: 2 }, { NERVEFLARE_PLACEMENT: "cell" });
