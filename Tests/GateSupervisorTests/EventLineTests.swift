import GatePrimitives
import Testing

@testable import GateSupervisor

struct EventLineTests {
    private let line = EventLine(
        .info, "listening", [("listener", "public"), ("address", .text("127.0.0.1:1\n")), ("pid", .number(7))])

    @Test func aLineIsOneJSONObjectWithTheTimeInUTC() {
        let text = line.rendered(.json, at: WallInstant(milliseconds: 1_000_000_000_005))
        #expect(
            text == #"{"time":"2001-09-09T01:46:40.005Z","level":"info","event":"listening","listener":"public","#
                + #""address":"127.0.0.1:1\n","pid":7}"# + "\n")
    }

    @Test func theTextFormStaysOnOneLineToo() {
        let text = line.rendered(.text, at: WallInstant(milliseconds: 0))
        #expect(
            text == #"1970-01-01T00:00:00.000Z info listening listener="public" address="127.0.0.1:1\n" pid=7"# + "\n")
    }
}
