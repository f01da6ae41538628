import GateLimits
import GatePrimitives
import Testing

/// The vectors of nginx's limit_req, all at 10 requests a second.
@Suite struct VectorTests {
    /// P for a pass, R for a refusal, a number for a wait in milliseconds.
    private func answers(burst: Int64, delayAfter: Int64? = nil, at times: [Int64]) throws -> String {
        let parameters = try LimitParameters(rate: 10_000, burst: burst, delayAfter: delayAfter)
        let zone = LimitZone(name: "vector", parameters: parameters, ceiling: 1 << 20)
        let table = LimitTable([zone])
        var builder = zone.makeKey()
        builder.add(route: 1)
        let key = builder.finish()
        return times.map { time in
            var charge = LimitCharge()
            _ = charge.add(zone: 0, key: key)
            // The clock's origin is arbitrary.
            let now = MonotonicInstant(nanoseconds: (time + 5_000_000) * 1_000_000)
            return switch table.charge(&charge, at: now) {
            case .pass: "P"
            case .wait(let milliseconds, _): "\(milliseconds)"
            case .refused: "R"
            }
        }.joined(separator: " ")
    }

    @Test func withoutABurstOneOfEightPasses() throws {
        #expect(try answers(burst: 0, at: .init(repeating: 0, count: 8)) == "P R R R R R R R")
    }

    @Test func withoutABurstOnePassesEveryHundredMilliseconds() throws {
        #expect(try answers(burst: 0, at: [0, 50, 99, 100, 150, 200, 250]) == "P R R P R P R")
    }

    @Test func aBurstThatIsDelayedWholePassesOneEveryHundredMilliseconds() throws {
        #expect(
            try answers(burst: 5, delayAfter: 0, at: .init(repeating: 0, count: 8))
                == "P 100 200 300 400 500 R R")
    }

    @Test func aBurstWithoutDelayPassesAtOnce() throws {
        #expect(try answers(burst: 5, at: .init(repeating: 0, count: 8)) == "P P P P P P R R")
    }

    @Test func aBurstInTwoStagesPassesThenWaitsThenRefuses() throws {
        #expect(
            try answers(burst: 12, delayAfter: 8, at: .init(repeating: 0, count: 15))
                == "P P P P P P P P P 100 200 300 400 R R")
    }

    @Test func aBurstRefillsAtTheRate() throws {
        #expect(
            try answers(burst: 5, at: [0, 0, 0, 0, 0, 0, 0, 100, 100, 250, 250, 1000])
                == "P P P P P P R P R P R P")
    }
}
