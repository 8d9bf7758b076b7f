// SPDX-License-Identifier: Apache-2.0

// The AWS SDK for Go v2, as it is, against the endpoint given.
//
//	client URL STEP...
//
// Each step prints one line of JSON: {"step", "ok", "text"} or {"step", "ok": false, "error"}.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	bedrock "github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
)

const (
	model    = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
	question = "Who wrote Monster?"
	body     = `{"anthropic_version":"bedrock-2023-05-31","max_tokens":300,"messages":[{"role":"user","content":"` +
		question + `"}]}`
)

func messages() []types.Message {
	return []types.Message{{
		Role:    types.ConversationRoleUser,
		Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: question}},
	}}
}

func config() *types.InferenceConfiguration {
	return &types.InferenceConfiguration{MaxTokens: aws.Int32(300)}
}

func invoke(ctx context.Context, client *bedrock.Client) (string, error) {
	answer, err := client.InvokeModel(ctx, &bedrock.InvokeModelInput{ModelId: aws.String(model), Body: []byte(body)})
	if err != nil {
		return "", err
	}
	var said struct{ Content []struct{ Text string } }
	if err := json.Unmarshal(answer.Body, &said); err != nil {
		return "", err
	}
	return said.Content[0].Text, nil
}

func invokeStream(ctx context.Context, client *bedrock.Client) (string, error) {
	answer, err := client.InvokeModelWithResponseStream(ctx,
		&bedrock.InvokeModelWithResponseStreamInput{ModelId: aws.String(model), Body: []byte(body)})
	if err != nil {
		return "", err
	}
	stream := answer.GetStream()
	defer stream.Close()
	text := ""
	for event := range stream.Events() {
		chunk, isChunk := event.(*types.ResponseStreamMemberChunk)
		if !isChunk {
			return "", fmt.Errorf("an event that is no chunk: %T", event)
		}
		var said struct {
			Type  string
			Delta struct{ Text string }
		}
		if err := json.Unmarshal(chunk.Value.Bytes, &said); err != nil {
			return "", err
		}
		if said.Type == "content_block_delta" {
			text += said.Delta.Text
		}
	}
	return text, stream.Err()
}

func converse(ctx context.Context, client *bedrock.Client, id string) (string, error) {
	answer, err := client.Converse(ctx, &bedrock.ConverseInput{
		ModelId: aws.String(id), Messages: messages(), InferenceConfig: config()})
	if err != nil {
		return "", err
	}
	message := answer.Output.(*types.ConverseOutputMemberMessage)
	return message.Value.Content[0].(*types.ContentBlockMemberText).Value, nil
}

func converseStream(ctx context.Context, client *bedrock.Client, id string) (string, error) {
	answer, err := client.ConverseStream(ctx, &bedrock.ConverseStreamInput{
		ModelId: aws.String(id), Messages: messages(), InferenceConfig: config()})
	if err != nil {
		return "", err
	}
	stream := answer.GetStream()
	defer stream.Close()
	text, complete := "", false
	for event := range stream.Events() {
		switch event := event.(type) {
		case *types.ConverseStreamOutputMemberContentBlockDelta:
			text += event.Value.Delta.(*types.ContentBlockDeltaMemberText).Value
		case *types.ConverseStreamOutputMemberMetadata:
			complete = true
		}
	}
	if err := stream.Err(); err != nil {
		return text, err
	}
	if !complete {
		return text, errors.New("the stream has no metadata")
	}
	return text, nil
}

func concurrent(ctx context.Context, client *bedrock.Client) (string, error) {
	var group sync.WaitGroup
	texts, failures := make([]string, 20), make([]error, 20)
	for i := range texts {
		group.Add(1)
		go func() {
			defer group.Done()
			texts[i], failures[i] = invoke(ctx, client)
		}()
	}
	group.Wait()
	for i := range texts {
		if failures[i] != nil {
			return "", failures[i]
		}
		if texts[i] != texts[0] {
			return "", errors.New("answers differ")
		}
	}
	return texts[0], nil
}

func run(ctx context.Context, client *bedrock.Client, step string) (string, error) {
	switch step {
	case "invoke":
		return invoke(ctx, client)
	case "invoke_stream":
		return invokeStream(ctx, client)
	case "converse":
		return converse(ctx, client, model)
	case "converse_stream":
		return converseStream(ctx, client, model)
	case "error":
		return converse(ctx, client, "sim.fault-ValidationException")
	case "midstream":
		return converseStream(ctx, client, "sim.stream-fault-ModelStreamErrorException")
	case "concurrent":
		return concurrent(ctx, client)
	}
	return "", fmt.Errorf("no step is called %s", step)
}

func main() {
	client := bedrock.New(bedrock.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(os.Args[1]), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "not-a-secret", ""),
	})
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	out := json.NewEncoder(os.Stdout)
	for _, step := range os.Args[2:] {
		text, err := run(ctx, client, step)
		line := map[string]any{"step": step, "ok": err == nil, "text": text}
		if err != nil {
			line["error"], line["text"] = fmt.Sprintf("%T", err), err.Error()
			var api smithy.APIError
			if errors.As(err, &api) {
				line["error"] = api.ErrorCode()
			}
		}
		if err := out.Encode(line); err != nil {
			os.Exit(1)
		}
	}
}
