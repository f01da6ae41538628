import GatePrimitives
import Testing

@testable import GateSupervisor

struct RestartPolicyTests {
    /// Milliseconds since the start of the test.
    private func at(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: 0).advanced(by: .milliseconds(milliseconds))
    }

    @Test func fourDeathsInTenSecondsAreAnsweredAtOnceAndTheFifthWaits() {
        var policy = RestartPolicy()
        for death in 1...4 {
            #expect(policy.died(at: at(Int64(death) * 100), started: at(Int64(death) * 100 - 50)) == .zero)
        }
        #expect(policy.died(at: at(500), started: at(450)) == .seconds(1))
    }

    @Test func theWaitDoublesAndEndsAtThirtySeconds() {
        var policy = RestartPolicy()
        var now: Int64 = 0
        for _ in 1...4 { _ = policy.died(at: at(now), started: at(now)) }
        var waits: [Int64] = []
        for _ in 1...7 {
            let wait = policy.died(at: at(now), started: at(now))
            waits.append(wait.seconds)
            now += wait.milliseconds + 1
        }
        #expect(waits == [1, 2, 4, 8, 16, 30, 30])
    }

    @Test func fiveDeathsSpreadOverMoreThanTenSecondsDoNotWait() {
        var policy = RestartPolicy()
        for death in 0..<12 {
            let now = Int64(death) * 2_501
            #expect(policy.died(at: at(now), started: at(now - 2_500)) == .zero)
        }
    }

    @Test func fiveDeathsInExactlyTenSecondsWait() {
        var policy = RestartPolicy()
        for death in 0..<4 {
            #expect(policy.died(at: at(Int64(death) * 2_500), started: at(0)) == .zero)
        }
        #expect(policy.died(at: at(10_000), started: at(9_000)) == .seconds(1))
    }

    @Test func aWorkerThatLivedTenSecondsEndsTheStreak() {
        var policy = RestartPolicy()
        for _ in 1...5 { _ = policy.died(at: at(0), started: at(0)) }
        #expect(policy.died(at: at(20_000), started: at(10_000)) == .zero)
        #expect(policy.died(at: at(20_100), started: at(20_050)) == .zero)
    }
}
