import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { archiveName } from "../../images/pulumiRelease";
import { ownPlatform } from "../../local/native/platforms";
import { type FullAnswer, serve } from "../helpers/http";
import { movedTag, startRegistryProxy } from "../helpers/registryProxy";
import { type CheckoutCopy, type Ended, language } from "./checkoutCopy";
import { type Fault, describeFaults } from "./faults";

const unchanged = /Nothing has changed: every tag serves the same digest as before\./;
const [checksums, archive] = [/checksums\.txt$/, /\.tar\.gz$/];

/** Releases from a server of Pulumi's releases that answers some requests otherwise; undefined sends the file. */
async function from(copy: CheckoutCopy, answer: (request: IncomingMessage, count: number) => FullAnswer | undefined) {
  let count = 0;
  const { url } = await serve((request) => {
    const file = copy.local("releases", request.url ?? "");
    return answer(request, count++) ?? (existsSync(file) ? { body: readFileSync(file) } : { status: 404 });
  });
  const restore = copy.edit("local/offline/mirror.ts", "  return address;", `  return ${JSON.stringify(url)};`);
  // What was read of the archives.
  rmSync(copy.local("archives"), { recursive: true, force: true });
  const ended = await copy.up();
  restore();
  return ended;
}

/** A file of Pulumi's release that its server answers otherwise, at first or always. */
function released(
  file: RegExp,
  answer: FullAnswer | ((copy: CheckoutCopy) => FullAnswer),
  says: RegExp,
  times = Infinity,
): Fault {
  return {
    strike: (copy) => {
      let left = times;
      const own = typeof answer === "function" ? answer(copy) : answer;
      return from(copy, ({ url = "" }) => (file.test(url) && left-- > 0 ? own : undefined));
    },
    says,
    exit: times === Infinity ? 2 : 0,
  };
}

/** Releases through a proxy in front of the registry. */
async function through(
  copy: CheckoutCopy,
  admit: (request: IncomingMessage) => boolean | number | Promise<boolean>,
): Promise<Ended> {
  return copy.up("v3.66.0", { REGISTRY: await startRegistryProxy(copy.registry, admit) });
}

/**
 * Moves the state away while an image is built.
 * @param mark another one each time, so that the image is built
 * @param replace puts something in its place
 */
async function withoutState(copy: CheckoutCopy, mark: string, replace?: (path: string) => void): Promise<Ended> {
  const restore = copy.edit("dockerfiles/smoke/contract", "set -euo pipefail", `set -euo pipefail; sleep 15 # ${mark}`);
  const running = copy.start("up", { TAG: "v3.66.0", LANGUAGE: "yaml" });
  await running.says(/\[smoke \d+\/\d+\] RUN/);
  renameSync(copy.local("state"), copy.local("state.away"));
  replace?.(copy.local("state"));
  const ended = await running.ended;
  restore();
  return ended;
}

/** The first bytes of the archive. */
const startOf = (copy: CheckoutCopy) =>
  readFileSync(copy.local("releases", archiveName("3.66.0", ownPlatform()))).subarray(0, 100_000);

/** An archive that ends early. */
const cut = (copy: CheckoutCopy): FullAnswer => ({
  headers: { "content-length": "1000000", connection: "close" },
  body: startOf(copy),
});

describeFaults("servers", {
  "the checksum file answers 503 once": released(checksums, { status: 503 }, unchanged, 1),
  "the checksum file answers 503": released(
    checksums,
    { status: 503 },
    /Could not read \S+: it answers 503\. Retry later\./,
  ),
  "the checksum file is empty": released(checksums, { body: "" }, /checksums\.txt is empty\. Nothing was built\./),
  "the checksum file is a page of HTML": released(
    checksums,
    { body: "<!DOCTYPE html><p>Log in" },
    /checksums\.txt is not a checksum file: it begins with .*\. Nothing was built\./,
  ),
  "the checksum file is cut off": released(
    checksums,
    { body: `${"a".repeat(64)}  pulumi-v3.66.0-linux-x64.tar.gz\n${"b".repeat(20)}` },
    /checksums\.txt is cut off or damaged: its last line is "b+"\./,
  ),
  "the archive is a page of HTML": released(
    archive,
    { body: "<!DOCTYPE html><p>Sorry" },
    /is not the archive that Pulumi published: it begins with "<!DOCTYPE html>.*\. Nothing was built\./,
  ),
  "the archive is cut off once": released(archive, cut, unchanged, 1),
  "the archive is cut off": released(archive, cut, /Could not reach \S+\.tar\.gz: .*\. Nothing was built\./),
  "the server of the archive hangs": {
    strike: (copy) =>
      from(copy, ({ url = "", socket }) => {
        if (!archive.test(url)) return undefined;
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        socket.write(startOf(copy));
        // Never answered: the server waits for ever.
        return new Promise(() => undefined) as unknown as FullAnswer;
      }),
    says: /… still running, [^]*\.tar\.gz: no answer for 30 s\. Nothing was built\./,
    exit: 2,
  },
  "pulumi is killed while its program reads the checksum file": {
    strike: async (copy) => {
      const ended = await from(copy, ({ url = "" }) => {
        if (!checksums.test(url)) return undefined;
        for (const pid of copy.processes("pulumi")) process.kill(pid, "SIGKILL");
        return { status: 404 };
      });
      // Which has an error to report, and nobody to report it to.
      await copy.ends("@pulumi/pulumi/cmd/run/index.js");
      return ended;
    },
    says: /pulumi was stopped at once\..* If the next run reports that the stack is locked: make pulumi ARGS="cancel --yes"/,
    exit: 2,
    command: (copy) => copy.make("pulumi", { ARGS: "cancel --yes" }),
  },
  "a tag cannot be moved": {
    strike: async (copy) => {
      await copy.untag(language, "v3.66.0");
      return through(copy, (request) => (movedTag(request) === undefined ? true : 500));
    },
    says: /\S+:v3\.66\.0 was not moved: \S+ answers 500[^]*No tag has moved: users still pull what they did before\./,
    exit: 2,
  },
  "the registry fails after everything is published": {
    strike: async (copy) => {
      await copy.untag(language, "v3.66.0");
      let isMoved = false;
      return through(copy, (request) => {
        const admission = isMoved ? 500 : true;
        isMoved ||= movedTag(request) !== undefined;
        return admission;
      });
    },
    says: /every tag has moved, but the registry does not serve all of it:\n.*could not be checked: .* answers 500[^]*Run the same command again/,
    exit: 2,
  },
  "the credentials expire between login and push": {
    strike: async (copy) => {
      rmSync(copy.blobFile((await copy.client.digest("v3.66.0")) ?? ""));
      return through(copy, ({ method }) => (["GET", "HEAD"].includes(method ?? "") ? true : 401));
    },
    says: /The registry refused the credentials, which may have expired\. Run the same command again/,
    exit: 2,
  },
  "the registry drops a connection of a push": {
    strike: async (copy) => {
      rmSync(copy.blobFile((await copy.client.digest("v3.66.0")) ?? ""));
      let left = 1;
      return through(copy, ({ method }) => method !== "PUT" || left-- <= 0);
    },
    says: /Released\n/,
    exit: 0,
  },
  "the registry is slow": {
    strike: (copy) => through(copy, () => sleep(500, true)),
    says: /Released\n/,
    exit: 0,
  },
  "the state cannot be written in the middle": {
    strike: async (copy) => {
      rmSync(copy.blobFile((await copy.client.digest("v3.66.0")) ?? ""));
      return withoutState(copy, "write", (path) => writeFileSync(path, ""));
    },
    says: /No tag has moved: [^]*Pulumi could not write the stack's state\. Make it writable, then: make pulumi ARGS="cancel --yes"; then/,
    exit: 2,
    passes: (copy) => {
      rmSync(copy.local("state"));
      renameSync(copy.local("state.away"), copy.local("state"));
    },
    command: (copy) => copy.make("pulumi", { ARGS: "cancel --yes" }),
  },
  "the state cannot be reached in the middle": {
    strike: (copy) => withoutState(copy, "reach"),
    // All is published, so the command has succeeded.
    says: /error: there was a problem deleting the lock at /,
    exit: 0,
    passes: (copy) => {
      rmSync(copy.local("state"), { recursive: true, force: true });
      renameSync(copy.local("state.away"), copy.local("state"));
    },
    command: (copy) => copy.make("pulumi", { ARGS: "cancel --yes" }),
  },
});
