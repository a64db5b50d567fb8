/**
 * The encodings in which a secret can appear in a text: plain, URL-encoded, JSON-quoted, and base64 at each of the three
 * offsets that it can have in a longer text.
 */
export function spellings(secret: string): string[] {
  const inBase64 = [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    // The characters at both ends also encode bits of the text around the secret.
    const whole = bytes.toString("base64").replace(/=+$/, "");
    return whole.slice(offset === 0 ? 0 : offset + 1, bytes.length % 3 === 0 ? undefined : -1);
  });
  const inUrl = encodeURIComponent(secret);
  const lowerCase = inUrl.replace(/%../g, (escape) => escape.toLowerCase());
  const inUrls = inBase64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  return [...new Set([secret, inUrl, lowerCase, JSON.stringify(secret).slice(1, -1), ...inBase64, ...inUrls])];
}

/** The text around a secret in some bytes, in any of its encodings; undefined if it is not in them. */
export function findSecret(secret: string, bytes: Buffer): string | undefined {
  const found = spellings(secret).map((spelling) => bytes.indexOf(spelling));
  const at = found.find((index) => index >= 0);
  return at === undefined ? undefined : bytes.subarray(Math.max(0, at - 200), at + 200).toString("latin1");
}
