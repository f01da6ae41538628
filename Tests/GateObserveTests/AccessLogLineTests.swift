import GateObserve
import GatePrimitives
import NIOCore
import Testing

@Suite struct AccessLogLineTests {
    @Test func aServedExchangeIsOneLineWithTheKeysOfTheContract() {
        #expect(
            Fixture.line(Fixture.record())
                == #"{"time":"2026-01-02T03:04:05.678Z","id":"0123456789abcdeffedcba9876543003","conn":42,"#
                + #""listener":"public","sni":"api.example.com","tls":"TLSv1.3","client":"203.0.113.7","#
                + #""route":"orders","method":"GET","host":"api.example.com","path":"/orders/7","#
                + #""protocol":"HTTP/1.1","status":200,"reason":"ok","step":"finish","bytes_in":120,"#
                + #""bytes_out":512,"duration_ms":12.345,"upstream":"backend","endpoint":"10.0.1.6:8080","#
                + #""upstream_ms":9.876,"principal":"alice","revision":"r1"}"# + "\n")
    }

    @Test func aRefusalCarriesCodeReasonStepAndBlame() throws {
        var record = Fixture.record()
        record.note(Fault(.admit, .jwtExpired))
        record.status = 401
        let line = try JSON.object(Fixture.line(record))
        #expect(line["code"] as? String == "credentials_expired")
        #expect(line["reason"] as? String == "jwt_expired")
        #expect(line["step"] as? String == "admit")
        #expect(line["blame"] as? String == "client")
    }

    @Test(arguments: Reason.allCases)
    func everyReasonIsWrittenAsItsOwnWord(reason: Reason) throws {
        var record = Fixture.record()
        record.note(Fault(.relay, reason))
        let line = try JSON.object(Fixture.line(record))
        #expect(line["reason"] as? String == reason.rawValue)
        #expect(line["code"] as? String == reason.code?.word)
        #expect(line["blame"] as? String == (reason.blame == .nobody ? nil : reason.blame.word))
    }

    @Test func whatIsUnknownIsLeftOut() throws {
        let connection = ConnectionFacts(
            number: 1, listener: 9, names: Fixture.names, peer: "unix", sni: "", tls: .none)
        var record = ExchangeRecord(
            names: Fixture.names, connection: connection, id: Fixture.id, time: WallInstant(milliseconds: 0))
        record.route = 99
        record.upstream = 7
        record.endpoint = -5
        let line = try JSON.object(Fixture.line(record))
        #expect(
            Set(line.keys) == [
                "time", "id", "conn", "client", "status", "reason", "step", "bytes_in", "bytes_out", "duration_ms",
                "revision",
            ])
        #expect(line["status"] as? Int == 0)
    }

    @Test func theClientBehindATrustedProxyIsTheOneLogged() throws {
        var record = Fixture.record()
        record.client = "2001:db8::1"
        #expect(try JSON.object(Fixture.line(record))["client"] as? String == "2001:db8::1")
    }

    @Test func attacks76AnInjectedLineStaysInsideItsString() throws {
        var record = Fixture.record()
        record.path = ByteBuffer(string: "/a\r\n{\"status\":200}\u{1b}[2J\u{2028}")
        record.host = ByteBuffer(string: "evil\"\n")
        record.method = ByteBuffer(bytes: [0xff, 0x0a])
        record.principal = "bob\u{85}\n"
        let line = Fixture.line(record)
        #expect(line.utf8.filter { $0 == 0x0a }.count == 1)
        #expect(line.dropLast().utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
        #expect(try JSON.object(line)["host"] as? String == "evil\"\n")
    }

    @Test func attacks76AHugeTargetIsCutWithAMark() {
        var record = Fixture.record()
        record.path = ByteBuffer(string: "/" + String(repeating: "a", count: 100_000))
        let line = Fixture.line(record)
        #expect(line.contains("aaa...(+98977 bytes)\""))
        #expect(line.utf8.count < 2000)
    }

    @Test(
        arguments: [
            ("/login?access_token=hunter2", "/login"), ("/login#hunter2", "/login"), ("?hunter2", nil),
            ("http://user:hunter2@host/path?x", "host/path"), ("http://host/path@hunter", "http://host/path@hunter"),
            ("user:hunter2@host:443", "host:443"), ("http://a@b:hunter2@host", "host"), ("/a@b", "/a@b"), ("*", "*"),
        ] as [(String, String?)])
    func attacks77QueryAndUserInformationAreNotLogged(target: String, logged: String?) throws {
        var record = Fixture.record()
        record.path = ByteBuffer(string: target)
        let line = Fixture.line(record)
        #expect(!line.contains("hunter2"))
        #expect(try JSON.object(line)["path"] as? String ?? "" == logged ?? "")
    }

    @Test func attacks77UserInformationInTheHostIsNotLogged() throws {
        var record = Fixture.record()
        record.host = ByteBuffer(string: "user:hunter2@api.example.com")
        #expect(try JSON.object(Fixture.line(record))["host"] as? String == "api.example.com")
    }

    @Test func randomBytesOfTheClientAlwaysMakeOneLineOfJSON() throws {
        var random = SystemRandomNumberGenerator()
        func bytes() -> ByteBuffer {
            ByteBuffer(bytes: (0..<Int.random(in: 0...300)).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
        for _ in 0..<500 {
            var record = Fixture.record()
            record.method = bytes()
            record.host = bytes()
            record.path = bytes()
            record.principal = String(buffer: bytes())
            record.client = String(buffer: bytes())
            let line = Fixture.line(record)
            #expect(line.utf8.filter { $0 == 0x0a }.count == 1)
            #expect(throws: Never.self) { try JSON.object(line) }
        }
    }

    @Test func negativeAndExtremeNumbersStayJSON() throws {
        var record = Fixture.record()
        record.duration = TimeSpan(nanoseconds: .min)
        record.upstreamDuration = TimeSpan(nanoseconds: .max)
        record.bytesIn = .max
        record.status = .max
        let line = try JSON.object(Fixture.line(record))
        #expect(line["duration_ms"] as? Double == 0)
        #expect(line["bytes_in"] as? UInt64 == .max)
    }
}
