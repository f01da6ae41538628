import GatePrimitives
import Testing

@Suite struct TimerWheelTests {
    private func at(_ milliseconds: Int64) -> MonotonicInstant { .init(nanoseconds: milliseconds * 1_000_000) }

    private func expired(_ wheel: inout TimerWheel, _ milliseconds: Int64) -> [UInt64] {
        var all: [UInt64] = []
        while let payload = wheel.nextExpired(at: at(milliseconds)) { all.append(payload) }
        return all.sorted()
    }

    @Test func aDeadlineFiresNeverEarlyAndAtMostOneTickLate() {
        var wheel = TimerWheel(now: at(50))
        _ = wheel.schedule(at: at(250), payload: 1)
        _ = wheel.schedule(at: at(300), payload: 2)
        _ = wheel.schedule(at: at(301), payload: 3)
        #expect(expired(&wheel, 249) == [])
        #expect(expired(&wheel, 299) == [])
        #expect(expired(&wheel, 300) == [1, 2])
        #expect(expired(&wheel, 399) == [])
        #expect(expired(&wheel, 400) == [3])
        #expect(wheel.count == 0)
    }

    @Test func aPassedDeadlineIsDueAtTheNextTick() {
        var wheel = TimerWheel(now: at(1000))
        _ = wheel.schedule(at: at(3), payload: 1)
        _ = wheel.schedule(at: .init(nanoseconds: .min), payload: 2)
        #expect(expired(&wheel, 1099) == [])
        #expect(expired(&wheel, 1100) == [1, 2])
    }

    @Test func aCancelledTimerDoesNotFireAndItsTokenIsSpent() {
        var wheel = TimerWheel(now: at(0))
        let token = wheel.schedule(at: at(100), payload: 1)
        let fired = wheel.schedule(at: at(100), payload: 3)
        #expect(wheel.cancel(token) == true)
        #expect(wheel.cancel(token) == false)
        let second = wheel.schedule(at: at(100), payload: 2)
        #expect(wheel.cancel(token) == false)
        #expect(wheel.move(token, to: at(500)) == false)
        #expect(expired(&wheel, 100) == [2, 3])
        #expect(wheel.cancel(second) == false)
        #expect(wheel.cancel(fired) == false)
    }

    @Test func aMovedTimerFiresAtItsNewDeadlineOnly() {
        var wheel = TimerWheel(now: at(0))
        let token = wheel.schedule(at: at(100), payload: 1)
        #expect(wheel.move(token, to: at(5000)) == true)
        #expect(expired(&wheel, 4900) == [])
        #expect(expired(&wheel, 5000) == [1])
        #expect(wheel.move(token, to: at(9000)) == false)
    }

    @Test func aDueTimerCanBeCancelledBetweenTwoCalls() {
        var wheel = TimerWheel(now: at(0))
        let tokens = (0..<3).map { wheel.schedule(at: at(100), payload: UInt64($0)) }
        let first = wheel.nextExpired(at: at(100))
        #expect(first == 0)
        #expect(wheel.cancel(tokens[1]) == true)
        #expect(expired(&wheel, 100) == [2])
    }

    @Test func aDeadlineBeyondOneTurnWaitsForItsTurn() {
        var wheel = TimerWheel(now: at(0), turnBits: 2)
        _ = wheel.schedule(at: at(400), payload: 4)
        _ = wheel.schedule(at: at(800), payload: 8)
        _ = wheel.schedule(at: at(1200), payload: 12)
        #expect(expired(&wheel, 400) == [4])
        #expect(expired(&wheel, 799) == [])
        #expect(expired(&wheel, 800) == [8])
        #expect(expired(&wheel, 1200) == [12])
    }

    @Test func aLongSleepYieldsEverythingDueAndAStepBackNothing() {
        var wheel = TimerWheel(now: at(10_000_000), turnBits: 3)
        for index in 0..<50 { _ = wheel.schedule(at: at(10_000_000 + Int64(index) * 130), payload: UInt64(index)) }
        #expect(expired(&wheel, 0) == [])
        #expect(expired(&wheel, 20_000_000).count == 50)
        _ = wheel.schedule(at: .init(nanoseconds: .max), payload: 1)
        #expect(expired(&wheel, 30_000_000) == [])
        #expect(wheel.nextExpired(at: .init(nanoseconds: .max)) == nil)
        #expect(wheel.count == 1)
    }

    @Test func itAgreesWithAListOfDeadlines() {
        var random = LoopRandom(seed: 5)
        var wheel = TimerWheel(now: at(0), turnBits: 4)
        var model: [UInt64: (token: TimerWheel.Token, deadline: Int64)] = [:]
        var now: Int64 = 0
        for step in 0..<5000 {
            let deadline = now + Int64(random.below(5000)) - 100
            switch random.below(4) {
            case 0, 1: model[UInt64(step)] = (wheel.schedule(at: at(deadline), payload: UInt64(step)), deadline)
            case 2:
                guard let (payload, timer) = model.randomElement(using: &random) else { continue }
                if random.below(2) == 0 {
                    #expect(wheel.cancel(timer.token) == true)
                    model[payload] = nil
                } else {
                    #expect(wheel.move(timer.token, to: at(deadline)) == true)
                    model[payload] = (timer.token, deadline)
                }
            default:
                now += Int64(random.below(300))
                for payload in expired(&wheel, now) {
                    #expect(now >= model[payload]?.deadline ?? .max)
                    model[payload] = nil
                }
                // What is left is not a whole tick overdue, save what was set when it had passed already.
                for timer in model.values { #expect(timer.deadline + 200 > now) }
            }
            #expect(wheel.count == model.count)
        }
    }
}
