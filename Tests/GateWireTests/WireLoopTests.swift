import GatePrimitives
import Glibc
import NIOCore
import NIOEmbedded
import Testing

@testable import GateWire

/// Notes when its deadlines pass.
private final class Holder: DeadlineHolder {
    var deadline = LoopDeadline()
    var passed = 0
    /// What it does then.
    var then: (() -> Void)?

    func deadlinePassed(_ now: MonotonicInstant) {
        passed += 1
        then?()
    }
}

/// Deadlines of a loop; ticks come from the embedded loop, the instants from the clock.
@Suite(.serialized) struct WireLoopTests {
    private let embedded = EmbeddedEventLoop()
    private let loop: WireLoop

    init() {
        loop = WireLoop(eventLoop: embedded, index: 3)
        loop.start { _ in }
    }

    /// Lets `count` ticks of the wheel go by.
    private func tick(_ count: Int = 1) {
        for _ in 0..<count {
            usleep(105_000)
            embedded.advanceTime(by: .milliseconds(100))
        }
    }

    private func soon(_ milliseconds: Int64) -> MonotonicInstant { .now().advanced(by: .milliseconds(milliseconds)) }

    // A deadline is due at the first whole tick after it, and a busy machine sleeps longer than it is asked to: what must
    // not fire yet lies a minute ahead, what must have fired gets three ticks.

    @Test func aDeadlineFiresOnceAndNotEarly() {
        let (near, far) = (Holder(), Holder())
        loop.setDeadline(near, at: soon(20))
        loop.setDeadline(far, at: soon(60_000))
        tick(3)
        #expect([near.passed, far.passed] == [1, 0])
        tick(2)
        #expect([near.passed, far.passed] == [1, 0])
    }

    @Test func movingLaterEarlierAndAway() {
        let (later, earlier, away) = (Holder(), Holder(), Holder())
        for holder in [later, away] { loop.setDeadline(holder, at: soon(20)) }
        loop.setDeadline(earlier, at: soon(60_000))
        loop.setDeadline(later, at: soon(60_000))
        loop.setDeadline(earlier, at: soon(20))
        loop.setDeadline(away, at: nil)
        tick(3)
        #expect([later.passed, earlier.passed, away.passed] == [0, 1, 0])
        // One that was moved away or taken back can be set again.
        for holder in [later, away] { loop.setDeadline(holder, at: soon(20)) }
        tick(3)
        #expect([later.passed, earlier.passed, away.passed] == [1, 1, 1])
    }

    @Test func aHolderMaySetMoveAndRemoveFromWithin() {
        let (first, second, third) = (Holder(), Holder(), Holder())
        let loop = loop
        first.then = { [unowned first] in
            if first.passed == 1 { loop.setDeadline(first, at: .now()) }
            loop.removeDeadline(second)
            loop.setDeadline(third, at: .now())
        }
        for holder in [first, second] { loop.setDeadline(holder, at: .now()) }
        tick(3)
        #expect(first.passed == 2)
        #expect(second.passed <= 1)
        #expect(third.passed >= 1)
    }

    @Test func whatWasRemovedIsNotHeld() {
        weak var gone: Holder?
        do {
            let holder = Holder()
            gone = holder
            loop.setDeadline(holder, at: soon(10_000))
            loop.removeDeadline(holder)
            loop.removeDeadline(holder)
        }
        #expect(gone == nil)
        // Its place serves the next one.
        let next = Holder()
        loop.setDeadline(next, at: .now())
        tick(3)
        #expect(next.passed == 1)
    }

    @Test func connectionNumbersAreOfTheirLoop() {
        let numbers = (0..<3).map { _ in loop.nextConnectionID() }
        #expect(Set(numbers).count == 3)
        #expect(numbers.allSatisfy { $0 & 255 == 3 })
    }
}
