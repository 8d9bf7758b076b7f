// SPDX-License-Identifier: Apache-2.0
//
// server: a real language model behind OpenAI's chat completions API, for tests/e2e/run_llm.sh.
//
//   node server.mjs RUNTIME MODEL.gguf
//
// RUNTIME is the folder that node-llama-cpp was installed in. The first line of standard output is
// the address, on a free loopback port; SIGTERM ends it. One answer at a time, the others wait.
// Served: GET /v1/models, POST /v1/chat/completions (messages, max_tokens, temperature, seed, stop;
// streams too). Not served: tools, several choices, images. A body may have 1 MiB.
import http from "node:http";
import path from "node:path";
import {pathToFileURL} from "node:url";

const BODY_BYTES_MAX = 1 << 20;
const CONTEXT_TOKENS = 1024;
const THREADS = 1; // llama.cpp waits in busy loops: two threads on a loaded machine are far slower than one

class BadRequest extends Error {}

const [runtime, modelPath] = process.argv.slice(2);
if (!modelPath) {
    console.error("usage: node server.mjs RUNTIME MODEL.gguf");
    process.exit(2);
}
const library = path.join(path.resolve(runtime), "node_modules/node-llama-cpp/dist/index.js");
const {getLlama, LlamaChatSession} = await import(pathToFileURL(library));
const llama = await getLlama({gpu: false, build: "never", maxThreads: THREADS, logLevel: "error"});
const model = await llama.loadModel({modelPath: path.resolve(modelPath)});
const context = await model.createContext({
    contextSize: CONTEXT_TOKENS, threads: {ideal: THREADS, min: 1},
});
const sequence = context.getSequence();
const name = path.basename(modelPath, ".gguf");

const textOf = (content) => typeof content === "string" ? content
    : Array.isArray(content) ? content.map((part) => part.text ?? "").join("") : "";

function messagesOf(request) {
    if (!Array.isArray(request?.messages) || request.messages.length === 0)
        throw new BadRequest("'messages' must be a list of messages");
    const last = request.messages.at(-1);
    if (last.role !== "user")
        throw new BadRequest("the last message must be the user's");
    const system = request.messages.filter(({role}) => role === "system" || role === "developer");
    const earlier = request.messages.slice(0, -1).filter(({role}) => role === "user" || role === "assistant");
    return {
        system: system.map(({content}) => textOf(content)).join("\n"),
        history: earlier.map(({role, content}) => role === "user"
            ? {type: "user", text: textOf(content)}
            : {type: "model", response: [textOf(content)]}),
        question: textOf(last.content),
    };
}

async function answer(request) {
    const {system, history, question} = messagesOf(request);
    await sequence.clearHistory();
    const session = new LlamaChatSession({contextSequence: sequence, systemPrompt: system});
    session.setChatHistory([{type: "system", text: system}, ...history]);
    try {
        const before = sequence.tokenMeter.getState();
        const {responseText, stopReason} = await session.promptWithMeta(question, {
            maxTokens: request.max_tokens ?? request.max_completion_tokens ?? 128,
            temperature: request.temperature ?? 1,
            seed: request.seed ?? Math.floor(Math.random() * 2 ** 31),
            customStopTriggers: [request.stop ?? []].flat(),
        });
        const used = sequence.tokenMeter.diff(before);
        return {
            text: responseText,
            finish: stopReason === "maxTokens" ? "length" : "stop",
            usage: {
                prompt_tokens: used.usedInputTokens,
                completion_tokens: used.usedOutputTokens,
                total_tokens: used.usedInputTokens + used.usedOutputTokens,
            },
        };
    } finally {
        session.dispose({disposeSequence: false});
    }
}

let turn = Promise.resolve(); // the model has one sequence: requests take turns
let answers = 0;

function inTurn(request) {
    const mine = turn.then(() => answer(request));
    turn = mine.catch(() => {});
    return mine;
}

function sendWhole(response, base, {text, finish, usage}) {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({
        ...base, object: "chat.completion", usage,
        choices: [{index: 0, message: {role: "assistant", content: text}, finish_reason: finish}],
    }));
}

function sendStream(response, base, {text, finish, usage}) {
    const send = (choices, more) => response.write(
        `data: ${JSON.stringify({...base, object: "chat.completion.chunk", choices, ...more})}\n\n`);
    response.setHeader("content-type", "text/event-stream");
    for (const piece of text.match(/\S+\s*|\s+/g) ?? [])
        send([{index: 0, delta: {content: piece}, finish_reason: null}]);
    send([{index: 0, delta: {}, finish_reason: finish}], {usage});
    response.end("data: [DONE]\n\n");
}

async function readBody(incoming) {
    const pieces = [];
    let size = 0;
    for await (const piece of incoming) {
        size += piece.length;
        if (size > BODY_BYTES_MAX)
            throw new BadRequest(`a body may have ${BODY_BYTES_MAX} bytes`);
        pieces.push(piece);
    }
    try {
        return JSON.parse(Buffer.concat(pieces).toString("utf8"));
    } catch (error) {
        throw new BadRequest(`the body is not JSON: ${error.message}`);
    }
}

async function serve(incoming, response) {
    const route = `${incoming.method} ${incoming.url.split("?")[0]}`;
    if (route === "GET /v1/models") {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({object: "list", data: [{id: name, object: "model"}]}));
    } else if (route === "POST /v1/chat/completions") {
        const request = await readBody(incoming);
        const made = await inTurn(request);
        const base = {id: `chatcmpl-${++answers}`, created: Math.floor(Date.now() / 1000), model: name};
        (request.stream ? sendStream : sendWhole)(response, base, made);
    } else {
        refuse(response, 404, `there is no ${route}`);
    }
}

function refuse(response, status, message) {
    if (response.headersSent) {
        response.destroy();
        return;
    }
    response.writeHead(status, {"content-type": "application/json"});
    response.end(JSON.stringify({error: {message, type: status < 500 ? "invalid_request_error" : "server_error"}}));
}

const server = http.createServer((incoming, response) => {
    serve(incoming, response).catch((error) =>
        refuse(response, error instanceof BadRequest ? 400 : 500, error.message));
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/v1`));
process.on("SIGTERM", () => process.exit(0));
