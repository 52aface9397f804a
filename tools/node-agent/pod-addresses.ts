/**
 * Addresses for Pods. Each Pod has its own network, so the addresses differ only to help readers of
 * a log.
 */
import { randomInt } from 'node:crypto';

/** Each call returns the next address of 10.244.0.0/16, starting from a random one. */
export function podAddresses(): () => string {
  let number = randomInt(256) * 256;
  return () => {
    // 0 and 255 at the end look like a network and a broadcast address.
    do number = (number + 1) % 65_536;
    while (number % 256 === 0 || number % 256 === 255);
    return `10.244.${number >> 8}.${number & 255}`;
  };
}
