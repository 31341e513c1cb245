/** The browser's own notifications: of a turn or an offer that came while nobody looked at the page. */
import { signal } from "@preact/signals";
import type { MeView } from "../../contract/views/me.ts";
import { listNews } from "./list-news.ts";

/** `none`: this browser has none. */
export const notifying = signal<NotificationPermission | "none">(typeof Notification === "undefined" ? "none" : Notification.permission);

/** Asks the reader, in answer to a click. */
export async function askToNotify(): Promise<void> {
  if (typeof Notification !== "undefined") notifying.value = await Notification.requestPermission();
}

/** Tells of what is new, where the reader has allowed it and does not look. */
export function notifyOf(before: MeView, now: MeView): void {
  if (notifying.value !== "granted" || document.visibilityState === "visible") return;
  for (const { tag, title, body, path } of listNews(before, now)) {
    const shown = new Notification(title, { body, tag, icon: "/ui/icon.svg" });
    shown.onclick = () => {
      window.focus();
      location.assign(path);
    };
  }
}
