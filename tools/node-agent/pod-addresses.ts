/** Addresses for Pods. Each is alone in a network of its own, so they have to differ for readers only. */
import { randomInt } from 'node:crypto';

/** Gives the next address of 10.244.0.0/16 with each call, from a random one on. */
export function podAddresses(): () => string {
  let number = randomInt(256) * 256;
  return () => {
    // 0 and 255 at the end look like a network and a broadcast address.
    do number = (number + 1) % 65_536;
    while (number % 256 === 0 || number % 256 === 255);
    return `10.244.${number >> 8}.${number & 255}`;
  };
}
