import GatePrimitives
import Testing

@testable import GateWire

@Suite struct HTTP2FloodGuardTests {
    private let start = MonotonicInstant(nanoseconds: 1_000_000_000)

    /// attacks 18
    @Test func resetsBeyondTheAllowanceEndTheConnection() {
        var flood = HTTP2FloodGuard(now: start)
        for number in 1...HTTP2FloodGuard.mostResets + 1 {
            flood.streamOpened(start)
            let reason = flood.streamReset(start)
            #expect(reason == (number > HTTP2FloodGuard.mostResets ? .h2ResetFlood : nil))
        }
    }

    /// attacks 18: clients of gRPC with short deadlines cancel many calls, and finish more.
    @Test func resetsOfLessThanHalfOfTheStreamsAreNoFlood() {
        var flood = HTTP2FloodGuard(now: start)
        for _ in 0..<5000 {
            for _ in 0..<3 { flood.streamOpened(start) }
            #expect(flood.streamReset(start) == nil)
        }
    }

    /// attacks 19
    @Test func streamsThatHadToBeResetAreCountedAlike() {
        var flood = HTTP2FloodGuard(now: start)
        for number in 1...HTTP2FloodGuard.mostStreamErrors + 1 {
            flood.streamOpened(start)
            #expect(flood.streamFailed(start) == (number > HTTP2FloodGuard.mostStreamErrors ? .h2StreamErrors : nil))
        }
    }

    /// attacks 21
    @Test(arguments: [0, HTTP2FloodGuard.tinyFrame - 1])
    func dataThatCarriesNextToNothingEndsTheConnection(length: Int) {
        var flood = HTTP2FloodGuard(now: start)
        for number in 1...HTTP2FloodGuard.mostEmptyFrames + 1 {
            let reason = flood.dataReceived(length, endsStream: false, start)
            #expect(reason == (number > HTTP2FloodGuard.mostEmptyFrames ? .h2EmptyFrames : nil))
        }
    }

    @Test func dataThatCarriesSomethingOrEndsAStreamIsNeverAFlood() {
        var flood = HTTP2FloodGuard(now: start)
        for _ in 0..<5000 {
            #expect(flood.dataReceived(HTTP2FloodGuard.tinyFrame, endsStream: false, start) == nil)
            #expect(flood.dataReceived(0, endsStream: true, start) == nil)
        }
    }

    /// attacks 27
    @Test func controlFramesBeyondTheAllowanceEndTheConnection() {
        var flood = HTTP2FloodGuard(now: start)
        for number in 1...HTTP2FloodGuard.mostControlFrames + 1 {
            #expect(
                flood.controlReceived(start) == (number > HTTP2FloodGuard.mostControlFrames ? .h2ControlFlood : nil))
        }
    }

    /// attacks 27: a busy client of gRPC pings for every DATA frame, and returns window at both levels.
    @Test func trafficExplainsControlFrames() {
        var flood = HTTP2FloodGuard(now: start)
        for _ in 0..<5000 {
            flood.dataSent()
            for _ in 0..<HTTP2FloodGuard.controlFramesPerUse { #expect(flood.controlReceived(start) == nil) }
        }
    }

    @Test func whatWasBeforeTheWindowIsForgotten() {
        var flood = HTTP2FloodGuard(now: start)
        for _ in 0..<HTTP2FloodGuard.mostControlFrames { _ = flood.controlReceived(start) }
        let last = start.advanced(by: .milliseconds(29_999))
        var same = flood
        #expect(same.controlReceived(last) == .h2ControlFlood)
        #expect(flood.controlReceived(start.advanced(by: HTTP2FloodGuard.window)) == nil)
    }
}
