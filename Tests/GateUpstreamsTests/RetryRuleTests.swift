import GateUpstreams
import Testing

@Suite struct RetryRuleTests {
    /// Attacks 67: a POST is seen once; nothing is sent again once an answer has begun.
    @Test func onlyAStaleConnectionWithoutAnAnswerAndWithoutPossibleEffectIsRetried() {
        var allowed = 0
        for bits in 0..<32 {
            let rule = RetryRule(
                isStale: bits & 1 != 0, hasAnswerBytes: bits & 2 != 0, hasSentBytes: bits & 4 != 0,
                isIdempotent: bits & 8 != 0, isBodyReplayable: bits & 16 != 0)
            let expected =
                rule.isStale && !rule.hasAnswerBytes && rule.isBodyReplayable
                && !(rule.hasSentBytes && !rule.isIdempotent)
            #expect(rule.mayRetry(after: Attempts()) == expected)
            allowed += expected ? 1 : 0
        }
        #expect(allowed == 3)
    }

    @Test func itIsRetriedOnce() {
        let rule = RetryRule(
            isStale: true, hasAnswerBytes: false, hasSentBytes: true, isIdempotent: true, isBodyReplayable: true)
        var attempts = Attempts()
        #expect(rule.mayRetry(after: attempts))
        attempts.noteResend()
        #expect(!rule.mayRetry(after: attempts))
        #expect(attempts.needsFreshConnection)
    }
}

/// RFC 9113 §8.7: what the backend vouches it did not look at may be sent again, whatever it asks for.
@Suite struct UnprocessedTests {
    private func rule(answered: Bool = false, replayable: Bool = true) -> RetryRule {
        RetryRule(
            isStale: false, isUnprocessed: true, hasAnswerBytes: answered, hasSentBytes: true, isIdempotent: false,
            isBodyReplayable: replayable)
    }

    @Test func aRequestThatWasRefusedIsSentAgainOnce() {
        var attempts = Attempts()
        #expect(rule().mayRetry(after: attempts))
        attempts.noteResend()
        #expect(!rule().mayRetry(after: attempts))
    }

    @Test func butNotWithoutItsBodyNorBehindAnAnswer() {
        #expect(!rule(replayable: false).mayRetry(after: Attempts()))
        #expect(!rule(answered: true).mayRetry(after: Attempts()))
    }
}
