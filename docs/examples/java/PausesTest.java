import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class PausesTest {
    static final String AGENT = "9fbef0b7-8d4e-4a08-9207-66c22155721d";
    static final String WEBHOOK = "9fcafbf2-7593-44d6-8cd7-1b221beba62a";
    static final String STARTED = "event_phone_call_started";

    @RegisterExtension
    final Talkover talkover = new Talkover();

    /** Stands for your own code, which pauses and resumes a webhook. */
    static void toggle(String apiUrl, String token) throws Exception {
        URI url = URI.create(apiUrl + "/agents/" + AGENT + "/webhooks/" + WEBHOOK + "/toggle");
        HttpRequest request = HttpRequest.newBuilder(url)
            .method("PATCH", BodyPublishers.noBody())
            .header("Authorization", "Bearer " + token)
            .build();
        int status = HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).statusCode();
        if (status != 200) throw new IOException("Talkover answered " + status);
    }

    @Test
    void pausesAndResumesAWebhook() throws Exception {
        try (Receiver receiver = new Receiver(talkover, WEBHOOK)) {
            talkover.emit(AGENT, STARTED);
            toggle(talkover.apiUrl, talkover.token);
            talkover.emit(AGENT, STARTED);
            assertEquals(1, receiver.bodies.size());
            assertTrue(receiver.bodies.get(0).contains(STARTED));

            toggle(talkover.apiUrl, talkover.token);
            talkover.emit(AGENT, STARTED);
            assertEquals(2, receiver.bodies.size());
            talkover.verify("{'method': 'PATCH', 'path': '*/toggle', 'status': 200, 'times': 2}");
        }
    }

    @Test
    void noticesThatTheApiIsDown() throws Exception {
        talkover.ask("POST", "faults", "{'preset': 'maintenance', 'times': 1}");
        var error = assertThrows(IOException.class, () -> toggle(talkover.apiUrl, talkover.token));
        assertEquals("Talkover answered 503", error.getMessage());
    }

    @Test
    void refusesAForgedDelivery() throws Exception {
        try (Receiver receiver = new Receiver(talkover, WEBHOOK)) {
            talkover.ask("POST", "faults", "{'on': 'deliveries', 'action': 'bad_signature'}");
            String answer = talkover.emit(AGENT, STARTED);
            assertTrue(answer.contains("\"error\": \"Unauthorized\""));
            assertEquals(List.of(), receiver.bodies);
        }
    }
}
