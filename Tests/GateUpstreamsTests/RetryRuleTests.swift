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
