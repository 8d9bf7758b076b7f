/* SPDX-License-Identifier: Apache-2.0
 *
 * pools_clients: a pool's settings in the form of clients that pool by themselves; see pools.h.
 * Sources: botocore.config.Config; redis-py, "Connection pools"; opensearch-py, "Connection
 * classes"; AWS SDK for JavaScript v3, NodeHttpHandler. */
#include "report/pools.h"

/* Seconds as Python and people write them: 3, 0.5. */
static void add_seconds(struct strbuf *out, uint64_t ns)
{
    strbuf_printf(out, "%g", (double)ns / 1e9);
}

static unsigned long long millis(uint64_t ns)
{
    return ns / 1000000;
}

static void write_boto3(const struct client_wish *wish, struct strbuf *out)
{
    strbuf_add_text(
        out, "import boto3\n"
             "from botocore.config import Config\n"
             "\n"
             "# One client for the whole process: a pool belongs to its client. botocore has no\n"
             "# checkout deadline: a call beyond the pool opens a connection that is not kept.\n");
    strbuf_printf(out, "config = Config(\n    max_pool_connections=%u,\n    connect_timeout=",
                  wish->connections);
    add_seconds(out, wish->connect_in_ns);
    strbuf_add_text(out, ",\n    read_timeout=");
    add_seconds(out, wish->read_in_ns);
    strbuf_printf(out,
                  ",\n    retries={\"mode\": \"adaptive\", \"total_max_attempts\": %u},\n"
                  "    tcp_keepalive=True,\n"
                  ")\n"
                  "client = boto3.client(\"bedrock-runtime\", config=config)\n",
                  wish->attempts);
}

static void write_redis(const struct client_wish *wish, struct strbuf *out)
{
    strbuf_add_text(
        out, "import os\n"
             "\n"
             "import redis\n"
             "from redis.backoff import FullJitterBackoff\n"
             "from redis.retry import Retry\n"
             "\n"
             "# A BlockingConnectionPool waits for a connection instead of failing at once.\n"
             "pool = redis.BlockingConnectionPool.from_url(\n"
             "    os.environ.get(\"REDIS_URL\", \"redis://127.0.0.1:6379\"),\n");
    strbuf_printf(out, "    max_connections=%u,\n    timeout=", wish->connections);
    add_seconds(out, wish->checkout_in_ns);
    strbuf_add_text(out, ",  # a checkout that takes longer fails\n    socket_connect_timeout=");
    add_seconds(out, wish->connect_in_ns);
    strbuf_add_text(out, ",\n    socket_timeout=");
    add_seconds(out, wish->read_in_ns);
    strbuf_add_text(out, ",\n    socket_keepalive=True,\n    health_check_interval=");
    add_seconds(out, wish->check_every_ns);
    strbuf_printf(out,
                  ",\n    retry=Retry(FullJitterBackoff(cap=1, base=0.05), %u),\n"
                  "    retry_on_error=[redis.ConnectionError, redis.TimeoutError],\n"
                  ")\n"
                  "client = redis.Redis(connection_pool=pool)\n",
                  wish->attempts - 1);
}

static void write_opensearch(const struct client_wish *wish, struct strbuf *out)
{
    strbuf_add_text(out,
                    "import os\n"
                    "\n"
                    "from opensearchpy import OpenSearch\n"
                    "\n"
                    "client = OpenSearch(\n"
                    "    hosts=[os.environ.get(\"OPENSEARCH_URL\", \"http://127.0.0.1:9200\")],\n");
    strbuf_printf(out, "    pool_maxsize=%u,\n    timeout=", wish->connections);
    add_seconds(out, wish->read_in_ns);
    strbuf_printf(out,
                  ",\n    max_retries=%u,\n"
                  "    retry_on_timeout=True,\n"
                  "    retry_on_status=(429, 502, 503, 504),\n"
                  "    http_compress=True,\n"
                  ")\n",
                  wish->attempts - 1);
}

static void write_aws_sdk_js(const struct client_wish *wish, struct strbuf *out)
{
    strbuf_add_text(
        out,
        "const https = require('https');\n"
        "const { BedrockRuntimeClient } = require('@aws-sdk/client-bedrock-runtime');\n"
        "const { NodeHttpHandler } = require('@smithy/node-http-handler');\n"
        "\n"
        "// The default handler of this client opens an HTTP/2 connection for each call at once;\n"
        "// NodeHttpHandler keeps a pool of HTTP/1.1 connections.\n"
        "const client = new BedrockRuntimeClient({\n");
    strbuf_printf(out, "  maxAttempts: %u,\n  retryMode: 'adaptive',\n", wish->attempts);
    strbuf_add_text(out, "  requestHandler: new NodeHttpHandler({\n");
    strbuf_printf(out,
                  "    connectionTimeout: %llu,\n    requestTimeout: %llu,\n"
                  "    socketAcquisitionWarningTimeout: %llu,\n"
                  "    httpsAgent: new https.Agent({ keepAlive: true, maxSockets: %u, "
                  "maxFreeSockets: %u }),\n  }),\n});\n"
                  "module.exports = { client };\n",
                  millis(wish->connect_in_ns), millis(wish->read_in_ns),
                  millis(wish->checkout_in_ns), wish->connections, wish->connections);
}

static const struct pools_client clients[] = {
    {"boto3", "bedrock", write_boto3},
    {"redis-py", "redis", write_redis},
    {"opensearch-py", "opensearch", write_opensearch},
    {"aws-sdk-js", "bedrock", write_aws_sdk_js},
};

const struct pools_client *pools_client_named(struct view name)
{
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
        if (view_is(name, clients[i].name))
            return &clients[i];
    return NULL;
}
