// SPDX-License-Identifier: Apache-2.0
//
// dynamodb: the DynamoDB client of the AWS SDK for JavaScript v3 as it is speaks HTTP/1.1. Its call
// is not served by the simulator: what counts is that an answer in HTTP/1.1 comes back whole.
//
//   node dynamodb.js URL
'use strict';
const { DynamoDBClient, ListTablesCommand } = require('@aws-sdk/client-dynamodb');

async function main() {
  const client = new DynamoDBClient({
    region: 'us-east-1', endpoint: process.argv[2], maxAttempts: 1,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret' },
  });
  try {
    await client.send(new ListTablesCommand({}));
    console.log(JSON.stringify({ step: 'list', ok: true }));
  } catch (error) {
    const status = error.$metadata ? error.$metadata.httpStatusCode : 0;
    console.log(JSON.stringify({ step: 'list', ok: false, status, text: String(error.message) }));
  }
  client.destroy();
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
