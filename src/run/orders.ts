/*
 * The main thread's end of the watchdog: what it orders, and what it has heard.
 *
 * One order at a time.  An answer is waited for by its name, and may have come before anybody asked.
 *
 * A watch belongs to one trial, and looks at the image of whichever is in it.  It may be held up anywhere: between the
 * look at the judge word and what it does then, in the halt of a trial that was cut, in a dump that somebody asked for.
 * So the image is made ready for the next trial when the watchdog has said that the watch of the last one is over, and
 * not before (rest()): else it would halt the next trial, judge it as the last one, or write it into the other's dump.
 * That costs nothing: a watch is over when the trial is, and the order to watch the next one would have waited for it anyway.
 *
 * Rejected: to order what is stored so that each look can be told to be late (the boot before the judge).  It mends the
 * looks, and not what comes of them: whoever looked in time may act too late.
 */

import { header, image_header } from '../layout/records.ts';
import { notify, store } from '../layout/word.ts';
import type { WatchOrder } from './protocol.ts';

/** What it takes to be a watchdog: of a Worker. */
export interface Watchdog {
  on(event: 'message', listener: (message: { type: string }) => void): unknown;
  postMessage(order: WatchOrder): void;
}

export class Orders {
  private readonly watchdog: Watchdog;
  /** what the watchdog has said and nobody has read yet */
  private readonly mailbox = new Set<string>();
  private mail: () => void = () => undefined;
  /** it was told to watch, and has not been heard to be through with that */
  private isWatching = false;

  constructor(watchdog: Watchdog) {
    this.watchdog = watchdog;
    watchdog.on('message', ({ type }) => {
      this.mailbox.add(type);
      this.mail();
    });
  }

  async ask(order: WatchOrder, answer: string): Promise<void> {
    this.mailbox.delete(answer);
    if (order.type === 'watch') {
      if (this.isWatching)
        throw new Error('orders: the last watch may not be over; rest() comes first');
      this.mailbox.delete('concluded');
      this.isWatching = true;
    }
    this.watchdog.postMessage(order);
    ringDoorbell();
    await this.heard(answer);
  }

  /** Waits for the watchdog to say something, which it may have said already. */
  async heard(type: string, then: 'forget' | 'keep' = 'forget'): Promise<void> {
    while (!(then === 'keep' ? this.mailbox.has(type) : this.mailbox.delete(type))) {
      await new Promise<void>((resolve) => {
        this.mail = resolve;
      });
    }
  }

  /** Waits until no watch is under way: from then on the image is ours. */
  async rest(): Promise<void> {
    if (this.isWatching) await this.heard('over');
    this.isWatching = false;
  }
}

/** The watchdog is to look now. */
export function ringDoorbell(): void {
  store(header, image_header.doorbell, 1);
  notify(header, image_header.doorbell, 1);
}
