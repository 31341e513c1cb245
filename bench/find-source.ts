/** Where a position of a bundle is in the source. */
import { SourceMap } from "node:module";

/** A place in the source, its path within the project. */
export interface SourcePlace {
  path: string;
  /** The package that it is of, if it is none of ours. */
  package: string | undefined;
  /** From 1. */
  line: number;
}

/** @returns finds by line and column of the bundle, both from 0; undefined where the map knows nothing */
export function createSourceFinder(sourceMap: string): (line: number, column: number) => SourcePlace | undefined {
  const map = new SourceMap(JSON.parse(sourceMap));
  return (line, column) => {
    const found = map.findEntry(line, column);
    if (!("originalSource" in found)) return undefined;
    const source = found.originalSource;
    const own = /((?:src|machines|bench)\/.*)$/.exec(source)?.[1];
    const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1];
    return {
      path: packaged ? source.slice(source.indexOf("node_modules/") + 13) : (own ?? source),
      package: packaged,
      line: found.originalLine + 1,
    };
  };
}
