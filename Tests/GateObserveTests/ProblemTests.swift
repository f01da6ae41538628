import GateObserve
import GatePrimitives
import NIOCore
import Testing

@Suite struct ProblemTests {
    @Test(arguments: RefusalCode.allCases)
    func theBodyHasTheFiveMembersAndTheLengthThatWasPromised(code: RefusalCode) throws {
        var buffer = ByteBuffer()
        Problem.append(code, decision: Fixture.id, to: &buffer)
        #expect(buffer.readableBytes == Problem.length(code))
        let body = try JSON.object(buffer)
        #expect(Set(body.keys) == ["type", "title", "status", "code", "decision"])
        #expect(body["type"] as? String == "urn:portcullis:problem:\(code.word)")
        #expect(body["title"] as? String == code.title)
        #expect(body["status"] as? Int == code.status)
        #expect(body["code"] as? String == code.word)
        #expect(body["decision"] as? String == Fixture.id.description)
    }
}
