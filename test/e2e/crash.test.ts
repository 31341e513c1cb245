/** Crashes of a server whose actors live where NERVEFLARE_PLACEMENT says: by default in objects of their own. */
import { tellCrashes } from "./crash-stories.ts";

tellCrashes({ all: 8, parent: 4, runtime: 5 });
