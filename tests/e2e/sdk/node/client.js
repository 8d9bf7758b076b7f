// SPDX-License-Identifier: Apache-2.0
//
// client: the AWS SDK for JavaScript v3, as it is, against the endpoint given.
//
//   node client.js default|node URL STEP...
//
// `default` keeps the SDK's own handler (HTTP/2), `node` takes NodeHttpHandler (HTTP/1.1).
// Each step prints one line of JSON: {"step", "ok", "text"} or {"step", "ok": false, "error"}.
'use strict';
const bedrock = require('@aws-sdk/client-bedrock-runtime');
const { NodeHttpHandler } = require('@smithy/node-http-handler');

const MODEL = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const QUESTION = 'Who wrote Monster?';

function body(more) {
  return JSON.stringify({
    anthropic_version: 'bedrock-2023-05-31', max_tokens: 300,
    messages: [{ role: 'user', content: QUESTION }], ...more,
  });
}

function conversation(modelId) {
  return {
    modelId, inferenceConfig: { maxTokens: 300 },
    messages: [{ role: 'user', content: [{ text: QUESTION }] }],
  };
}

async function textOfChunks(stream) {
  let text = '';
  for await (const event of stream) {
    if (!event.chunk) throw new Error(`an event that is no chunk: ${Object.keys(event)}`);
    const said = JSON.parse(Buffer.from(event.chunk.bytes).toString('utf8'));
    if (said.type === 'content_block_delta') text += said.delta.text;
  }
  return text;
}

async function textOfConverse(stream, seen) {
  let text = '';
  for await (const event of stream) {
    seen.push(...Object.keys(event));
    if (event.contentBlockDelta) text += event.contentBlockDelta.delta.text;
  }
  return text;
}

const steps = {
  async invoke(client) {
    const answer = await client.send(new bedrock.InvokeModelCommand({ modelId: MODEL, body: body() }));
    return JSON.parse(Buffer.from(answer.body).toString('utf8')).content[0].text;
  },
  async invoke_stream(client) {
    const answer = await client.send(
      new bedrock.InvokeModelWithResponseStreamCommand({ modelId: MODEL, body: body() }));
    return textOfChunks(answer.body);
  },
  async converse(client) {
    const answer = await client.send(new bedrock.ConverseCommand(conversation(MODEL)));
    return answer.output.message.content[0].text;
  },
  async converse_stream(client) {
    const seen = [];
    const answer = await client.send(new bedrock.ConverseStreamCommand(conversation(MODEL)));
    const text = await textOfConverse(answer.stream, seen);
    if (seen[0] !== 'messageStart' || seen[seen.length - 1] !== 'metadata') {
      throw new Error(`events ${seen}`);
    }
    return text;
  },
  async error(client) {
    await client.send(new bedrock.ConverseCommand(conversation('sim.fault-ValidationException')));
  },
  async midstream(client) {
    const seen = [];
    const answer = await client.send(
      new bedrock.ConverseStreamCommand(conversation('sim.stream-fault-ModelStreamErrorException')));
    await textOfConverse(answer.stream, seen);
  },
  async concurrent(client) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => steps.invoke(client)));
    if (answers.some((text) => text !== answers[0])) throw new Error('answers differ');
    return answers[0];
  },
};

async function main() {
  const [handler, endpoint, ...names] = process.argv.slice(2);
  const client = new bedrock.BedrockRuntimeClient({
    region: 'us-east-1', endpoint, maxAttempts: 1,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret' },
    ...(handler === 'node' ? { requestHandler: new NodeHttpHandler() } : {}),
  });
  for (const step of names) {
    try {
      const text = await steps[step](client);
      console.log(JSON.stringify({ step, ok: true, text }));
    } catch (error) {
      console.log(JSON.stringify({ step, ok: false, error: error.name, text: String(error.message) }));
    }
  }
  client.destroy();
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
