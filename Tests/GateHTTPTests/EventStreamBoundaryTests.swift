import Testing

@testable import GateHTTP

@Suite struct EventStreamBoundaryTests {
    private func isAtBoundary(_ text: String, step: Int = .max) -> Bool {
        var boundary = EventStreamBoundary()
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = start + min(step, bytes.count - start)
            boundary.pass(bytes[start..<end].span)
            start = end
        }
        return boundary.isAtBoundary
    }

    @Test(arguments: ["", "data: 1\n\n", "data: 1\r\n\r\n", "data: 1\r\r", "data: 1\r\n\n", ": note\n\n\n", "\n"])
    func anEventEndsBehindAnEmptyLine(_ text: String) {
        for step in 1...9 { #expect(isAtBoundary(text, step: step)) }
    }

    @Test(arguments: ["d", "data: 1", "data: 1\n", "data: 1\r\n", "data: 1\r", "data: 1\n\ndata: 2\n", "data: 1\n\r"])
    func anEventThatHasBegunIsNoBoundary(_ text: String) {
        for step in 1...9 { #expect(!isAtBoundary(text, step: step)) }
    }

    @Test func theFirstEventThatEndsIsFound() {
        var boundary = EventStreamBoundary()
        boundary.pass(Array("data: o".utf8).span)
        let rest = Array("ne\r\n\r\ndata: two\n\n".utf8)
        #expect(boundary.passFirst(rest.span) == 6)
        #expect(boundary.isAtBoundary)
        var open = EventStreamBoundary()
        #expect(open.passFirst(Array("data: 1\n".utf8).span) == 8)
        #expect(!open.isAtBoundary)
    }
}
