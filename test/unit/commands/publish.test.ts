import assert from "node:assert/strict";

import { UpdateError, publish } from "../../../commands/publish";
import { repositoryClients } from "../../../lib/oci/repositoryClient";
import { captureLog } from "../../helpers/captureLog";
import { FakePulumi } from "../../helpers/fakePulumi";
import { withoutTerminal } from "../../helpers/withoutTerminal";

describe("publish", () => {
  let pulumi: FakePulumi;
  beforeEach(async () => {
    pulumi = await FakePulumi.start();
  });
  afterEach(() => pulumi.stop());

  const run = () => captureLog(() => withoutTerminal(() => publish(pulumi.project, repositoryClients())));
  const updates = () => pulumi.calls.filter((call) => call.startsWith("up "));
  const repairs = () => pulumi.calls.filter((call) => call.startsWith("config set repair since-"));

  it("checks one repository after another, each with one token", async () => {
    pulumi.install([pulumi.images("v1")]);
    assert.equal((await run()).error, undefined);
    const [a, b] = ["/v2/a/manifests/v1", "/v2/b/manifests/v1"];
    assert.deepEqual(pulumi.requests, [a, "/token", a, b, "/token", b]);
    assert.deepEqual([updates().length, repairs().length], [1, 0]);
  });

  it("pushes every image again if a tag is wrong, with a new value of repair", async () => {
    pulumi.install([pulumi.images("v1", "sha256:b"), pulumi.images("v1")]);
    const { lines, error } = await run();
    assert.equal(error, undefined);
    assert.match(lines.join("\n"), /\/a:v1 is sha256:a instead of sha256:b: pushing every image again/);
    assert.deepEqual([updates().length, repairs().length], [2, 1]);
  });

  it("reports tags that are still wrong after that", async () => {
    pulumi.install([pulumi.images("v1", "sha256:b"), pulumi.images("v1", "sha256:b")]);
    const { error } = await run();
    assert.match(
      String(error),
      /^Error: The registry still serves other images than were released: \S+\/a:v1 is sha256:a instead of sha256:b\. Find out who else/,
    );
    assert.equal(updates().length, 2);
  });

  it("reports tags that do not exist", async () => {
    pulumi.answers["/v2/a/manifests/v1"] = { status: 404 };
    pulumi.install([pulumi.images("v1"), pulumi.images("v1")]);
    assert.match(String((await run()).error), /\/a:v1 does not exist instead of sha256:a/);
  });

  it("fails with the update, without looking at the registry", async () => {
    pulumi.install([], "exit 1");
    assert.ok((await run()).error instanceof UpdateError);
    assert.deepEqual(pulumi.requests, []);
  });
});
