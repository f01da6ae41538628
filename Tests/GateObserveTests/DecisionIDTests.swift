import GatePrimitives
import NIOCore
import Testing

@testable import GateObserve

@Suite struct DecisionIDTests {
    @Test func anIDReadsBackFromItsText() {
        var source = DecisionIDSource(loop: 5)
        for _ in 0..<100 {
            let id = source.next()
            var buffer = ByteBuffer()
            id.write(to: &buffer)
            #expect(buffer.readableBytes == DecisionID.textLength)
            #expect(String(buffer: buffer) == id.description)
            #expect(DecisionID(id.description) == id)
            #expect(id.loop == 5)
        }
    }

    @Test func itsTextIs32LowerCaseHexadecimalDigits() {
        #expect(Fixture.id.description == "0123456789abcdeffedcba9876543003")
        #expect(Fixture.id.loop == 3)
    }

    @Test(arguments: [
        "", "0123456789abcdeffedcba987654300", "0123456789abcdeffedcba98765430033",
        "0123456789ABCDEFfedcba9876543003", "0123456789abcdeffedcba987654300g", "../../../../../../../../etc/pwd",
        "0123456789abcdeffedcba98765430é",
    ])
    func anythingElseIsNoID(text: String) {
        #expect(DecisionID(text) == nil)
    }

    @Test func idsOfOneKeyDifferAndTellNoCounter() {
        var source = DecisionIDSource(loop: 0, key: SipKey(1, 2))
        let ids = (0..<10_000).map { _ in source.next() }
        #expect(Set(ids).count == 10_000)
        // Neighbours share no more bits than chance gives them: 118 hashed bits, 59 expected to differ.
        let distances = zip(ids, ids.dropFirst()).map {
            ($0.high ^ $1.high).nonzeroBitCount + ($0.low ^ $1.low).nonzeroBitCount
        }
        let mean = Double(distances.reduce(0, +)) / Double(distances.count)
        #expect(abs(mean - 59) < 1)
    }

    @Test(arguments: [0, 1023, 1024, -1])
    func aLoopNumberIsCutToTenBits(loop: Int) {
        var source = DecisionIDSource(loop: loop)
        #expect(source.next().loop == loop & 1023)
    }
}
