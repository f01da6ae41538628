import Testing

@testable import portcullis

struct DemoAnswerTests {
    @Test func anAnswerHasStatusDecisionAndBody() {
        let answer = DemoAnswer("HTTP/1.1 401 Unauthorized\r\nX-Request-ID: 0f3c\r\n\r\n{\"a\":1}\n")
        #expect(answer.status == 401)
        #expect(answer.decision == "0f3c")
        #expect(answer.body == "{\"a\":1}\n")
    }

    @Test func informationalHeadsArePassedOver() {
        let answer = DemoAnswer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Too Large\r\nx: y\r\n\r\n")
        #expect(answer.status == 413)
        #expect(answer.decision == nil)
    }

    @Test func noAnswerIsStatusZero() {
        #expect(DemoAnswer("curl: (7) Failed to connect").status == 0)
        #expect(DemoAnswer("").status == 0 && DemoAnswer("").version.isEmpty)
        #expect(DemoAnswer("HTTP/2 200 \r\nx: y\r\n\r\n").version == "HTTP/2")
    }
}
