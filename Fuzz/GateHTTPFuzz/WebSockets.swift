import GateHTTP
import NIOCore

/// Frames of one sender: how they are split changes nothing, what goes on is a beginning of what came, and a Close of the
/// gateway's own stands between two whole frames.
func fuzzWebSocket(_ input: [UInt8], _ selector: UInt8) {
    let sender: WebSocketFrameScanner.Sender = selector & 1 == 0 ? .client : .server
    let bits: [WebSocketReservedBits] = [.none, .deflate, .any, .any]
    let reserved = bits[Int(selector >> 1 & 3)]
    let whole = passFrames(input, sender, reserved, step: max(input.count, 1), closeAfter: nil)
    let split = passFrames(input, sender, reserved, step: Int(selector >> 3) + 1, closeAfter: nil)
    require(whole.state == split.state, "a split changes what becomes of frames")
    require(whole.passed == split.passed, "a split changes what goes on")
    require(input.starts(with: whole.passed), "what goes on is not what came")

    let closed = passFrames(input, sender, reserved, step: Int(selector >> 3) + 1, closeAfter: input.count / 2)
    require(whole.passed.starts(with: closed.passed), "a Close changes what goes on before it")
    guard closed.state == .ended else { return }
    var scanner = WebSocketFrameScanner(from: sender, reserved: reserved)
    let (passed, stop) = scanner.advance(closed.passed.span, stopsAtBoundary: false)
    require(passed == closed.passed.count && stop == .starved && scanner.isAtBoundary, "a Close inside a frame")
}

/// What goes on of `input` in pieces of `step`, where a Close is asked for once `closeAfter` bytes were given.
private func passFrames(
    _ input: [UInt8], _ sender: WebSocketFrameScanner.Sender, _ reserved: WebSocketReservedBits, step: Int,
    closeAfter: Int?
) -> (passed: [UInt8], state: WebSocketDirection.State) {
    var direction = WebSocketDirection(from: sender, reserved: reserved)
    var passed: [UInt8] = []
    var start = 0
    while start < input.count {
        if let closeAfter, start >= closeAfter { direction.requestClose() }
        let end = min(input.count, start + step)
        passed += direction.pass(ByteBuffer(bytes: input[start..<end])).readableBytesView
        start = end
    }
    return (passed, direction.state)
}
