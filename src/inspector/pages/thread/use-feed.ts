/** A thread's feed for as long as its page is shown. */
import { useEffect, useMemo } from "preact/hooks";
import { read } from "../../data/api.ts";
import { live } from "../../data/live-log.ts";
import { createThreadFeed, type ThreadFeed } from "../../data/thread-feed.ts";

export function useFeed(id: string): ThreadFeed {
  const feed = useMemo(
    () =>
      createThreadFeed(id, {
        read,
        listen: live.listen,
        wait: (milliseconds) => new Promise((resolve) => void setTimeout(resolve, milliseconds)),
      }),
    [id],
  );
  useEffect(() => () => feed.close(), [feed]);
  const generation = live.generation.value;
  // The log's position comes first: then nothing falls between what is read and what is heard.
  useEffect(() => {
    if (generation > 0) void feed.refresh();
  }, [feed, generation]);
  return feed;
}
