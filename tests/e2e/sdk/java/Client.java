// SPDX-License-Identifier: Apache-2.0
//
// The AWS SDK for Java v2, as it is, against the endpoint given.
//
//   java -cp 'LIB/*' Client.java sync|async URL STEP...
//
// `sync` is the synchronous client over HTTP/1.1, `async` the asynchronous one with its default,
// HTTP/2. Each step prints one line of JSON: {"step", "ok", "text"} or {"step", "ok": false, "error"}.

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.retry.RetryPolicy;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeClient;
import software.amazon.awssdk.services.bedrockruntime.model.ContentBlock;
import software.amazon.awssdk.services.bedrockruntime.model.ConversationRole;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseRequest;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseResponse;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseStreamRequest;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseStreamResponseHandler;
import software.amazon.awssdk.services.bedrockruntime.model.Message;

public class Client {
    private static final String MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
    private static final StaticCredentialsProvider KEYS =
        StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDEXAMPLE", "not-a-secret"));
    private static final ClientOverrideConfiguration ONCE =
        ClientOverrideConfiguration.builder().retryPolicy(RetryPolicy.none()).apiCallTimeout(Duration.ofSeconds(15)).build();

    private static List<Message> messages() {
        return List.of(Message.builder().role(ConversationRole.USER).content(ContentBlock.fromText("Who wrote Monster?")).build());
    }

    private static ConverseRequest question(String model) {
        return ConverseRequest.builder().modelId(model).messages(messages()).inferenceConfig(c -> c.maxTokens(300)).build();
    }

    private static String text(ConverseResponse answer) {
        return answer.output().message().content().get(0).text();
    }

    private static String stream(BedrockRuntimeAsyncClient client, String model) throws Exception {
        StringBuilder said = new StringBuilder();
        ConverseStreamResponseHandler handler = ConverseStreamResponseHandler.builder()
            .subscriber(ConverseStreamResponseHandler.Visitor.builder()
                .onContentBlockDelta(delta -> said.append(delta.delta().text())).build())
            .build();
        ConverseStreamRequest request = ConverseStreamRequest.builder().modelId(model).messages(messages())
            .inferenceConfig(c -> c.maxTokens(300)).build();
        client.converseStream(request, handler).get(15, TimeUnit.SECONDS);
        return said.toString();
    }

    private static String runSync(BedrockRuntimeClient client, String step) {
        switch (step) {
        case "converse": return text(client.converse(question(MODEL)));
        case "error": return text(client.converse(question("sim.fault-ValidationException")));
        default: throw new IllegalArgumentException("no step of the synchronous client: " + step);
        }
    }

    private static String runAsync(BedrockRuntimeAsyncClient client, String step) throws Exception {
        switch (step) {
        case "converse": return text(client.converse(question(MODEL)).get(15, TimeUnit.SECONDS));
        case "error": return text(client.converse(question("sim.fault-ValidationException")).get(15, TimeUnit.SECONDS));
        case "converse_stream": return stream(client, MODEL);
        case "midstream": return stream(client, "sim.stream-fault-ModelStreamErrorException");
        case "concurrent":
            List<CompletableFuture<ConverseResponse>> all = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                all.add(client.converse(question(MODEL)));
            }
            for (CompletableFuture<ConverseResponse> one : all) {
                one.get(15, TimeUnit.SECONDS);
            }
            return text(all.get(0).get());
        default: throw new IllegalArgumentException("no step of the asynchronous client: " + step);
        }
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : String.valueOf(text).toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(' ');
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    private static void say(String step, boolean ok, String error, String text) {
        System.out.println("{\"step\": " + quoted(step) + ", \"ok\": " + ok + ", \"error\": " + quoted(error) + ", \"text\": " + quoted(text) + "}");
    }

    private static void complain(String step, Throwable cause) {
        while ((cause instanceof ExecutionException || cause instanceof CompletionException) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        String code = cause instanceof AwsServiceException served && served.awsErrorDetails() != null
            ? served.awsErrorDetails().errorCode() : cause.getClass().getSimpleName();
        say(step, false, code, cause.getMessage());
    }

    public static void main(String[] args) {
        URI endpoint = URI.create(args[1]);
        boolean sync = args[0].equals("sync");
        try (BedrockRuntimeClient one = sync ? BedrockRuntimeClient.builder().region(Region.US_EAST_1).endpointOverride(endpoint)
                 .credentialsProvider(KEYS).overrideConfiguration(ONCE).httpClient(UrlConnectionHttpClient.create()).build() : null;
             BedrockRuntimeAsyncClient many = sync ? null : BedrockRuntimeAsyncClient.builder().region(Region.US_EAST_1)
                 .endpointOverride(endpoint).credentialsProvider(KEYS).overrideConfiguration(ONCE)
                 .httpClientBuilder(NettyNioAsyncHttpClient.builder()).build()) {
            for (int i = 2; i < args.length; i++) {
                try {
                    say(args[i], true, "", sync ? runSync(one, args[i]) : runAsync(many, args[i]));
                } catch (Throwable failure) {
                    complain(args[i], failure);
                }
            }
        }
        System.exit(0);
    }
}
