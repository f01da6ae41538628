import GateLimits
import GatePrimitives
import Testing

@Suite struct LimitParametersTests {
    @Test func everyValueHasALimit() throws {
        #expect(throws: LimitParameters.RangeError.rate) { try LimitParameters(rate: 0, burst: 0) }
        #expect(try LimitParameters(rate: 1, burst: 0).rate == 1)
        #expect(try LimitParameters(rate: 1_000_000_000, burst: 0).rate == 1_000_000_000)
        #expect(throws: LimitParameters.RangeError.rate) { try LimitParameters(rate: 1_000_000_001, burst: 0) }
        #expect(throws: LimitParameters.RangeError.burst) { try LimitParameters(rate: 1, burst: -1) }
        #expect(try LimitParameters(rate: 1, burst: 1_000_000).burst == 1_000_000)
        #expect(throws: LimitParameters.RangeError.burst) { try LimitParameters(rate: 1, burst: 1_000_001) }
        #expect(throws: LimitParameters.RangeError.delayAfter) {
            try LimitParameters(rate: 1, burst: 5, delayAfter: -1)
        }
        #expect(try LimitParameters(rate: 1, burst: 5, delayAfter: 5).delayAfter == 5)
        #expect(throws: LimitParameters.RangeError.delayAfter) {
            try LimitParameters(rate: 1, burst: 5, delayAfter: 6)
        }
    }

    /// Attacks 74: no clock, however wrong, and no idle time, however long, may overflow.
    @Test(arguments: [Int64(1), 1_000_000_000], [Int64(0), 1_000_000])
    func noClockCanOverflow(rate: Int64, burst: Int64) throws {
        let parameters = try LimitParameters(rate: rate, burst: burst, delayAfter: 0)
        let zone = LimitZone(name: "extreme", parameters: parameters, ceiling: 1 << 16)
        let table = LimitTable([zone])
        var builder = zone.makeKey()
        builder.add(route: 1)
        for nanoseconds in [Int64.min, 0, .max, .min, .max, 0, .min, 1, .max] {
            for _ in 0..<3 {
                var charge = LimitCharge()
                #expect(charge.add(zone: 0, key: builder.finish()) == true)
                let verdict = table.charge(&charge, at: MonotonicInstant(nanoseconds: nanoseconds))
                if case .refused(_, let retry) = verdict { #expect(retry >= 1) }
                #expect(charge.excess(at: 0) <= (burst + 1) * 1000)
                #expect(charge.excess(at: 0) >= 0)
            }
        }
    }

    @Test func theFieldsFollowTheDraft() throws {
        let parameters = try LimitParameters(rate: 10_000, burst: 20)
        var policy: [UInt8] = []
        RateLimitFields.appendPolicy("perClient", parameters, to: &policy)
        RateLimitFields.appendPolicy("a\"b\\cé", try LimitParameters(rate: 1, burst: 1_000_000), to: &policy)
        #expect(
            String(decoding: policy, as: UTF8.self)
                == #""perClient";q=21;w=3, "a\"b\\c??";q=1000001;w=1000001000"#)
        func state(_ excess: Int64) -> String {
            var bytes: [UInt8] = []
            RateLimitFields.appendState("n", parameters, excess: excess, to: &bytes)
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(state(0) == #""n";r=20;t=0"#)
        #expect(state(1) == #""n";r=19;t=1"#)
        #expect(state(19_000) == #""n";r=1;t=2"#)
        #expect(state(20_000) == #""n";r=0;t=2"#)
        #expect(state(20_001) == #""n";r=0;t=1"#)
        #expect(state(.max) == #""n";r=0;t=1"#)
        #expect(state(.min) == #""n";r=20;t=0"#)
    }
}
