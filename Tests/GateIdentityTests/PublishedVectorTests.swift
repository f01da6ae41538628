import GateIdentity
import Testing

/// Tokens that standards publish: facts that no code of ours made.
@Suite struct PublishedVectorTests {
    private static let claims =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

    private func payload(_ token: String, key: String) throws -> [UInt8] {
        let set = [UInt8]("{\"keys\":[\(key)]}".utf8)
        let keys = try KeySet(set.span)
        let bytes = [UInt8](token.utf8)
        return try SignedPayload.verify(bytes.span, keys: keys)
    }

    @Test func rs256OfRFC7515AppendixA2() throws {
        let key = """
            {"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4\
            d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQ\
            OS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkM\
            Ls91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}
            """
        let signature =
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7"
            + "t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi"
            + "12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypG"
            + "lUPQGe77Rw"
        let claims = try json(
            String(
                decoding: payload("eyJhbGciOiJSUzI1NiJ9.\(Self.claims).\(signature)", key: key), as: UTF8.self))
        #expect(claims["iss"] == .text("joe"))
    }

    @Test func es256OfRFC7515AppendixA3() throws {
        let key = """
            {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",\
            "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
            """
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        let bytes = try payload("eyJhbGciOiJFUzI1NiJ9.\(Self.claims).\(signature)", key: key)
        #expect(bytes.starts(with: "{\"iss\":\"joe\",\r\n".utf8))
    }

    @Test func ed25519OfRFC8037AppendixA4() throws {
        let key = #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
        let token =
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4"
            + "ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        #expect(try payload(token, key: key) == [UInt8]("Example of Ed25519 signing".utf8))
    }
}
