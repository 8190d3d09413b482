import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests that fail or are skipped on purpose, and names that are hard to carry: what Talkover makes of them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SlipsTest {
    static final String WEBHOOK = "9fcafbf2-7593-44d6-8cd7-1b221beba62a";

    @RegisterExtension
    final Talkover talkover = new Talkover();

    @RegisterExtension
    final BeforeEachCallback keeper = context -> test = context;

    private ExtensionContext test;

    private String tokenBefore;

    @BeforeEach
    void failsForOneTest(TestInfo test) {
        if (test.getDisplayName().equals("failsBefore()")) throw new IllegalStateException("before each");
    }

    @AfterEach
    void failsForAnotherTest(TestInfo test) {
        if (test.getDisplayName().equals("failsAfter()")) throw new IllegalStateException("after each");
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
        var error = assertThrows(AssertionError.class, () -> talkover.beforeEach(test));
        assertTrue(error.getMessage().startsWith("an environment is already named"), error.getMessage());
    }

    @Test
    void receivesTwice() throws Exception {
        try (Receiver first = new Receiver(talkover, WEBHOOK); Receiver second = new Receiver(talkover, WEBHOOK)) {
            talkover.emit("9fbef0b7-8d4e-4a08-9207-66c22155721d", "event_phone_call_started");
            assertEquals(List.of(0, 1), List.of(first.bodies.size(), second.bodies.size()));
        }
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
    void failsAfter() {
    }

    @Test
    void failsWithoutItsEnvironment() throws Exception {
        talkover.ask("DELETE", "environments/" + talkover.token.substring(5), "");
        assertEquals("the real", "reason");
    }

    @Test
    void failsWithTheServersText() throws Exception {
        talkover.ask("PATCH", "webhooks/" + WEBHOOK, "{'enabled': 'a\\u0000\\u00fc\\\\u0041'}");
    }
}
