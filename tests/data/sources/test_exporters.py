"""Exports of known systems and public data sets in small: read by their header, exact to the cent, or refused."""

import pytest
from click.testing import CliRunner

from crm_lab import open_workspace
from crm_lab.cli import main
from crm_lab.data.sources.exporters.exporter_forms import exporter_forms

TAOBAO = '''订单编号,买家会员名,买家应付货款,买家应付邮费,总金额,买家实际支付金额,订单状态,\
订单创建时间,订单付款时间,宝贝标题,宝贝总数量,退款金额
"=""1001""",甲,100,0,100,100.00,交易成功,2024-01-05 10:00:00,2024-01-05 10:01:00,茶,1,0
"=""1002""",乙,50,0,50,50.00,交易关闭,2024-01-06 10:00:00,,茶,1,0
"=""1003""",甲,80,0,80,80.00,交易成功,2024-01-20 10:00:00,2024-01-20 10:01:00,杯,2,30.00
'''
SQUARE = """Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Gross Sales,Discounts,\
Net Sales,Tax,Transaction ID,Event Type,Customer ID
01/15/24,10:05:00,Pacific,Tea,Green,2,Regular,g,"$1,250.00",($50.00),"$1,200.00",$0.00,T1,Payment,c1
01/16/24,11:05:00,Pacific,Tea,Green,-1,Regular,g,($625.00),$25.00,($600.00),$0.00,T2,Refund,c1
01/17/24,12:05:00,Pacific,Tea,Black,1,Regular,b,$10.00,$0.00,$10.00,$0.00,T3,Payment,
"""
TA_FENG = """TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,ASSET,SALES_PRICE
11/1/2000,01104905,45-49,115,110411,4710199010372,2,24,30
11/25/2000,00418683,45-49,115,120107,4710857472535,1,48,46
"""
SAP = """Beleg;Fakturadatum;Kunde;Artikel;Menge;Betrag
1;02.01.2024;K1;Käse;1;1.250,00
2;15.01.2024;K2;Käse;-1;900,00-
"""
JD = """订单号,下单时间,下单帐号,结算金额,订单状态
"1001\t",2024-01-05 10:00:00,甲,100.50,完成
"1002\t",2024-01-15 10:00:00,乙,20.00,已取消
"""
INSTACART = (
    "order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day,days_since_prior_order\n1,1,prior,1,2,8,\n"
)
HM = (
    "t_dat,customer_id,article_id,price,sales_channel_id\n"
    "2018-09-20,000058a1,663713001,0.050830508474576264,2\n"
    "2018-09-25,000058a2,663713001,0.0508,2\n"
)
DUNNHUMBY = """SHOP_WEEK,SHOP_DATE,SHOP_WEEKDAY,SHOP_HOUR,QUANTITY,SPEND,PROD_CODE,PROD_CODE_20,\
CUST_CODE,BASKET_ID,STORE_CODE
200607,20060413,5,20,1,0.93,PRD0900033,DEP00001,CUST1,994100100398294,STORE1
200607,20060414,6,10,2,2.06,PRD0900034,DEP00001,,994100100398295,STORE1
"""
ITEMS = (
    "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n"
    "o1,1,p1,s,2018-01-09 10:00:00,58.90,13.29\n"
    "o1,2,p1,s,2018-01-09 10:00:00,58.90,13.29\n"
    "o2,1,p2,s,2018-02-09 10:00:00,20.00,5.00\n"
)
ORDERS = (
    "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at\n"
    "o1,x1,delivered,2018-01-05 10:00:00,\n"
    "o2,x2,canceled,2018-02-05 10:00:00,\n"
)
BUYERS = (
    "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\n"
    "x1,u1,1,sao paulo,SP\n"
    "x2,u1,1,sao paulo,SP\n"
)


@pytest.fixture
def read(tmp_path, monkeypatch):
    for folder in ("suites", "notebooks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").write_text("{}")
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))

    def put(*texts, flags=(), encoding="utf-8"):
        paths = []
        for number, text in enumerate(texts):
            paths.append(tmp_path / f"file{number}.csv")
            paths[-1].write_text(text, encoding=encoding)
        said = CliRunner().invoke(main, ["init", *map(str, paths), "--name", "case", "--force", *flags])
        assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
        return said.output, open_workspace(str(tmp_path / "suites" / "case.toml")) if said.exit_code == 0 else None

    return put


def money(workspace):
    lines = workspace.stored("transactions")
    return dict(zip(lines["order_id"] + " " + lines["kind"], lines["net_amount"], strict=True))


def test_taobao_refunds_are_dated_returns_and_closed_orders_no_sales(read):
    said, workspace = read(TAOBAO, encoding="gb18030")
    assert "Taobao" in said, said
    assert money(workspace) == {"1001 sale": 100.0, "1003 sale": 80.0, "1003 return": -30.0}
    assert workspace.stored("quarantine")["reason"].tolist() == ["no_sale"]


def test_square_money_and_refunds(read):
    _, workspace = read(SQUARE)
    assert money(workspace) == {"T1 sale": 1_200.0, "T2 return": -600.0, "T3 sale": 10.0}
    assert workspace.stored("transactions")["date"].dt.day.tolist() == [15, 16, 17]
    assert workspace.stored("transactions")["gross_amount"].tolist() == [1_250.0, -625.0, 10.0]


def test_ta_feng_amount_is_pieces_and_asset_the_cost(read):
    _, workspace = read(TA_FENG)
    lines = workspace.stored("transactions")
    assert lines["net_amount"].tolist() == [30.0, 46.0]
    assert lines["quantity"].tolist() == [2, 1]
    assert sorted(workspace.stored("products")["unit_cost"]) == [12.0, 48.0]


def test_sap_jd_hm_and_dunnhumby(read):
    assert money(read(SAP, encoding="latin-1")[1]) == {"1 sale": 1_250.0, "2 return": -900.0}
    assert money(read(JD, encoding="gb18030")[1]) == {"1001 sale": 100.5}
    assert read(HM)[1].stored("transactions")["net_amount"].tolist() == [0.0508, 0.0508]
    shop = read(DUNNHUMBY)[1].stored("transactions")
    assert shop["net_amount"].tolist() == [0.93, 2.06]
    assert shop["customer_id"].isna().tolist() == [False, True]


def test_instacart_is_refused_since_it_has_no_dates(read):
    said, workspace = read(INSTACART)
    assert workspace is None
    assert "no dates" in said


def test_olist_items_orders_and_customers_are_joined(read):
    said, workspace = read(ITEMS, ORDERS, BUYERS)
    assert workspace is not None, said
    lines = workspace.stored("transactions")
    assert lines["net_amount"].tolist() == [58.90, 58.90]
    assert lines["customer_id"].tolist() == ["u1", "u1"]
    assert read(ORDERS)[1] is None


def test_files_of_one_form_are_stacked_and_overlaps_count_once(read):
    head = "order,customer,item,amount,date\n"
    one = head + "1,a,tea,5.50,2024-01-15\n2,b,tea,6.50,2024-01-16\n"
    two = head + "2,b,tea,6.50,2024-01-16\n3,a,cup,7.50,2024-01-17\n"
    _, workspace = read(one, two)
    assert money(workspace) == {"1 sale": 5.5, "2 sale": 6.5, "3 sale": 7.5}
    assert workspace.stored("quarantine")["reason"].tolist() == ["overlap"]


def test_every_form_names_its_roles_or_says_why_it_is_refused():
    for form in exporter_forms():
        assert form.refused or {"date", "customer_id"} <= set(form.columns), form.title
        assert form.refused or {"amount", "price"} & set(form.columns), form.title
