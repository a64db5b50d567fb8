// A fake of AWS and its provider: the calls for ECR Public that this project makes, answered from a file. Like AWS, it
// creates no repository twice, deletes none with images, and answers only in one region.
import { ReadRequest } from "@pulumi/pulumi/proto/provider_pb";
import { type Provider, main } from "@pulumi/pulumi/provider";

import { accountVariable, changeAccount, readAccount } from "./account";

interface RepositoryInputs {
  readonly repositoryName: string;
  readonly catalogData?: unknown;
  readonly region?: string;
}

const file = process.env[accountVariable] ?? "";
const tokenFunction = "aws:ecrpublic/getAuthorizationToken:getAuthorizationToken";

function requireRegion(region: string | undefined): void {
  if (region !== "us-east-1") throw new Error(`lookup api.ecr-public.${region}.amazonaws.com: no such host`);
}

function save(inputs: RepositoryInputs): Record<string, unknown> {
  const { alias, repositories } = readAccount(file);
  const { repositoryName: name, catalogData = null } = inputs;
  changeAccount(file, { repositories: { ...repositories, [name]: catalogData } });
  return { ...inputs, repositoryUri: `public.ecr.aws/${alias}/${name}` };
}

const provider: Provider = {
  version: "7.48.0",
  check: (_, __, inputs: RepositoryInputs) => Promise.resolve({ inputs }),
  diff(_, __, olds: RepositoryInputs, news: RepositoryInputs) {
    const differs = (key: keyof RepositoryInputs) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]);
    const replaces = (["repositoryName", "region"] as const).filter(differs);
    return Promise.resolve({ changes: replaces.length > 0 || differs("catalogData"), replaces });
  },
  create(_, inputs: RepositoryInputs) {
    requireRegion(inputs.region);
    const { repositoryName: id } = inputs;
    if (id in readAccount(file).repositories) {
      throw new Error(`RepositoryAlreadyExistsException: The repository with name '${id}' already exists`);
    }
    return Promise.resolve({ id, outs: save(inputs) });
  },
  read(id) {
    const { alias, repositories } = readAccount(file);
    if (!(id in repositories)) return Promise.resolve({});
    const inputs = { repositoryName: id, catalogData: repositories[id], region: "us-east-1" };
    return Promise.resolve({ id, inputs, props: { ...inputs, repositoryUri: `public.ecr.aws/${alias}/${id}` } });
  },
  update: (_, __, ___, news: RepositoryInputs) => Promise.resolve({ outs: save(news) }),
  delete(id) {
    throw new Error(`RepositoryNotEmptyException: The repository with name '${id}' still contains images`);
  },
  invoke(token, { region }: { region?: string }) {
    if (token !== tokenFunction) throw new Error(`The fake of AWS does not know ${token}.`);
    requireRegion(region);
    const expiresAt = new Date(Date.now() + 12 * 3_600_000).toISOString();
    const { password } = readAccount(file);
    const authorizationToken = Buffer.from(`AWS:${password}`).toString("base64");
    const outputs = { id: region, region, userName: "AWS", password, authorizationToken, expiresAt };
    return Promise.resolve({ outputs });
  },
};

// An import reads a resource without its properties, which the library does not expect (@pulumi/pulumi 3.270.0).
const prototype: { getProperties: (this: ReadRequest) => unknown } = ReadRequest.prototype;
const { getProperties } = prototype;
prototype.getProperties = function () {
  return getProperties.call(this) ?? { toJavaScript: () => ({}) };
};

void main(provider, process.argv.slice(2));
