import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests that fail or are skipped on purpose, and names that are hard to carry: what Talkover makes of them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SlipsTest {
    static final String WEBHOOK = "9fcafbf2-7593-44d6-8cd7-1b221beba62a";

    @RegisterExtension
    final Talkover talkover = new Talkover();

    private String tokenBefore;

    @BeforeEach
    void failsForOneTest(TestInfo test) {
        if (test.getDisplayName().equals("failsBefore()")) throw new IllegalStateException("before each");
    }

    @Test
    void prüftUmläute() throws Exception {
        assertTrue(talkover.ask("GET", "environments?find=Uml", "").contains("SlipsTest: pr\\u00fcftUml\\u00e4ute()"));
    }

    @Test
    @DisplayName("it's a \"name\"\twith \\ and 🙂")
    void hasAnyDisplayName() throws Exception {
        assertTrue(talkover.ask("GET", "environments", "").contains("it's a \\\"name\\\"\\twith \\\\ and \\ud83d\\ude42"));
    }

    @Test
    void hasANameOfMoreThanFiftyEightCharactersWhichIsTooLongBesideTheTokenThatMakesItUnique() {
    }

    @RepeatedTest(2)
    void hasATokenOfItsOwn() {
        assertNotEquals(tokenBefore, talkover.token);
        tokenBefore = talkover.token;
    }

    @Test
    void isForOneTestAtATime() {
        assertThrows(IllegalStateException.class, () -> talkover.beforeEach(null));
    }

    @Test
    void receivesTwice() throws Exception {
        List<String> first = talkover.receive(WEBHOOK);
        List<String> second = talkover.receive(WEBHOOK);
        talkover.ask("POST", "events", "{'agent_id': '%s', 'event': '%s', 'wait': 5}".formatted(
            "9fbef0b7-8d4e-4a08-9207-66c22155721d", "event_phone_call_started"));
        assertEquals(List.of(0, 1), List.of(first.size(), second.size()));
    }

    @Test
    void isSkipped() {
        assumeTrue(false, "not here");
    }

    @Test
    void failsWithADifference() {
        assertEquals("wanted", "given");
    }

    @Test
    void failsBefore() {
    }

    @Test
    void failsWithTheServersText() throws Exception {
        talkover.ask("PATCH", "webhooks/" + WEBHOOK, "{'enabled': 'a\\u0000\\u00fc\\\\u0041'}");
    }
}
