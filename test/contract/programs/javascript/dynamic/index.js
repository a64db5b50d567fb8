"use strict";

const pulumi = require("@pulumi/pulumi");

// The engine stores the functions of a dynamic provider in the state, so they load what they use themselves.
const tickets = {
  async create({ title }) {
    const { createHash } = require("node:crypto");
    return { id: createHash("sha256").update(title).digest("hex").slice(0, 8), outs: { title } };
  },
  async update(id, olds, { title }) {
    return { outs: { title } };
  },
};

class Ticket extends pulumi.dynamic.Resource {
  constructor(name, title, options) {
    super(tickets, name, { title }, options);
  }
}

exports.answer = pulumi.interpolate`ticket ${new Ticket("first", "a leaking tap").id}`;
