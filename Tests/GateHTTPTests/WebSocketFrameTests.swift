import NIOCore
import Testing

@testable import GateHTTP

/// One frame's bytes.
func frame(_ first: UInt8, _ payload: [UInt8], masked: Bool, length form: Int? = nil) -> [UInt8] {
    var bytes = [first]
    let mask: UInt8 = masked ? 0x80 : 0
    switch form ?? (payload.count < 126 ? 0 : payload.count < 65_536 ? 2 : 8) {
    case 0: bytes.append(mask | UInt8(payload.count))
    case 2: bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    default:
        bytes.append(mask | 127)
        for shift in (0..<8).reversed() { bytes.append(UInt8(truncatingIfNeeded: payload.count >> (8 * shift))) }
    }
    if masked { bytes += [1, 2, 3, 4] }
    return bytes + payload
}

@Suite struct WebSocketFrameTests {
    private func scan(
        _ bytes: [UInt8], from sender: WebSocketFrameScanner.Sender = .client, reserved: WebSocketReservedBits = .none
    ) -> (passed: Int, stop: WebSocketFrameScanner.Stop) {
        var scanner = WebSocketFrameScanner(from: sender, reserved: reserved)
        return scanner.advance(bytes.span, stopsAtBoundary: false)
    }

    private func violation(
        _ bytes: [UInt8], from sender: WebSocketFrameScanner.Sender = .client, reserved: WebSocketReservedBits = .none
    ) -> WebSocketViolation? {
        let (passed, stop) = scan(bytes, from: sender, reserved: reserved)
        guard case .violation(let violation) = stop else { return nil }
        #expect(passed == 0, "nothing of a bad frame is passed on")
        return violation
    }

    @Test(arguments: [0, 1, 125, 126, 65_535, 65_536]) func framesOfEveryFormOfLengthPass(_ count: Int) {
        for masked in [true, false] {
            let bytes = frame(0x82, Array(repeating: 7, count: count), masked: masked)
            let (passed, stop) = scan(bytes + bytes, from: masked ? .client : .server)
            #expect(passed == 2 * bytes.count && stop == .starved)
        }
    }

    @Test func maskingFollowsTheSender() {
        #expect(violation(frame(0x81, [1], masked: false)) == .mask)
        #expect(violation(frame(0x81, [1], masked: true), from: .server) == .mask)
    }

    @Test func lengthsAreInTheirShortestForm() {
        #expect(violation(frame(0x82, Array(repeating: 0, count: 125), masked: true, length: 2)) == .length)
        #expect(violation(frame(0x82, Array(repeating: 0, count: 65_535), masked: true, length: 8)) == .length)
        #expect(violation([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0]) == .length)
        let huge: [UInt8] = [0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(scan(huge).stop == .starved)
    }

    @Test func controlFramesAreShortAndWhole() {
        #expect(violation(frame(0x89, Array(repeating: 0, count: 126), masked: true)) == .control)
        #expect(violation(frame(0x88, Array(repeating: 0, count: 126), masked: true)) == .control)
        #expect(violation(frame(0x09, [], masked: true)) == .control)
        #expect(violation(frame(0x88, [3], masked: true)) == .control)
        #expect(scan(frame(0x8A, Array(repeating: 0, count: 125), masked: true)).stop == .starved)
    }

    @Test func opcodesThatAreNotDefinedAreRefused() {
        for opcode: UInt8 in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            #expect(violation(frame(0x80 | opcode, [], masked: true)) == .opcode)
        }
    }

    @Test func fragmentsFollowEachOther() {
        let begin = frame(0x01, [1], masked: true)
        let go = frame(0x00, [2], masked: true)
        let end = frame(0x80, [3], masked: true)
        let ping = frame(0x89, [], masked: true)
        #expect(scan(begin + ping + go + end + begin + end).stop == .starved)
        #expect(violation(end) == .continuation)
        let twice = scan(begin + begin)
        #expect(twice.passed == begin.count && twice.stop == .violation(.continuation))
    }

    @Test func reservedBitsNeedAnExtension() {
        let deflated = frame(0xC1, [1], masked: true)
        #expect(violation(deflated) == .reservedBit)
        #expect(scan(deflated, reserved: .deflate).stop == .starved)
        #expect(violation(frame(0xA1, [1], masked: true), reserved: .deflate) == .reservedBit)
        #expect(violation(frame(0xC9, [], masked: true), reserved: .deflate) == .reservedBit)
        let begin = frame(0x41, [1], masked: true)
        let odd = scan(begin + frame(0xC0, [1], masked: true), reserved: .deflate)
        #expect(odd.passed == begin.count && odd.stop == .violation(.reservedBit))
        #expect(scan(frame(0xF9, [], masked: true), reserved: .any).stop == .starved)
    }

    @Test func aCloseIsTheLastFrame() {
        let close = frame(0x88, [3, 0xE8], masked: false)
        let (passed, stop) = scan(close + [1, 2, 3], from: .server)
        #expect(passed == close.count && stop == .closed)
    }

    @Test func aHeaderIsPassedOnceItIsWhole() {
        let bytes = frame(0x82, Array(repeating: 0, count: 70_000), masked: true)
        for count in 0..<WebSocketFrameScanner.longestHeader {
            #expect(scan(Array(bytes.prefix(count))).passed == 0)
        }
        #expect(scan(Array(bytes.prefix(10))).passed == 10)
    }

    @Test func everySplitGivesTheSame() {
        let stream =
            frame(0x01, Array(repeating: 1, count: 300), masked: true) + frame(0x89, [9], masked: true)
            + frame(0x80, [], masked: true) + frame(0x88, [3, 0xE8], masked: true) + [0xFF, 0xFF]
        for step in 1...20 {
            var direction = WebSocketDirection(from: .client, reserved: .none)
            var passed: [UInt8] = []
            for start in stride(from: 0, to: stream.count, by: step) {
                let chunk = ByteBuffer(bytes: stream[start..<min(start + step, stream.count)])
                passed += Array(direction.pass(chunk).readableBytesView)
            }
            #expect(passed == Array(stream.dropLast(2)))
            #expect(direction.state == .closed)
        }
    }

    // MARK: The gateway's own Close

    @Test func aCloseStandsAtOnceWhereAFrameMayBegin() {
        var direction = WebSocketDirection(from: .server, reserved: .none)
        _ = direction.pass(ByteBuffer(bytes: frame(0x01, [1], masked: false)))
        direction.requestClose()
        #expect(direction.state == .ended)
        #expect(direction.pass(ByteBuffer(bytes: frame(0x80, [1], masked: false))).readableBytes == 0)
    }

    @Test func aCloseWaitsForTheEndOfAFrame() {
        var direction = WebSocketDirection(from: .server, reserved: .none)
        let first = frame(0x82, [1, 2, 3, 4], masked: false)
        _ = direction.pass(ByteBuffer(bytes: first.prefix(3)))
        direction.requestClose()
        #expect(direction.state == .open)
        let rest = direction.pass(ByteBuffer(bytes: first.dropFirst(3) + first))
        #expect(Array(rest.readableBytesView) == Array(first.dropFirst(3)))
        #expect(direction.state == .ended)
    }

    @Test func aPartOfAHeaderIsNoFrameYet() {
        var direction = WebSocketDirection(from: .client, reserved: .none)
        let bytes = frame(0x82, Array(repeating: 1, count: 200), masked: true)
        #expect(direction.pass(ByteBuffer(bytes: bytes.prefix(3))).readableBytes == 0)
        direction.requestClose()
        #expect(direction.state == .ended)
    }

    @Test func afterABadFrameAndAfterAClose() {
        var bad = WebSocketDirection(from: .client, reserved: .none)
        _ = bad.pass(ByteBuffer(bytes: frame(0x83, [], masked: true)))
        #expect(bad.state == .broken(.opcode))
        bad.requestClose()
        #expect(bad.state == .ended)
        var closed = WebSocketDirection(from: .client, reserved: .none)
        _ = closed.pass(ByteBuffer(bytes: frame(0x88, [], masked: true)))
        closed.requestClose()
        #expect(closed.state == .closed)
    }

    @Test func closeFramesReadBack() {
        #expect(Array(WebSocketClose.policyViolation.toClient.readableBytesView) == [0x88, 2, 0x03, 0xF0])
        let masked = Array(WebSocketClose.goingAway.toServer(mask: 0x0102_0304).readableBytesView)
        #expect(masked == [0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xE9 ^ 2])
        #expect(scan(masked).stop == .closed)
        #expect(scan(Array(WebSocketClose.internalError.toClient.readableBytesView), from: .server).stop == .closed)
    }
}
